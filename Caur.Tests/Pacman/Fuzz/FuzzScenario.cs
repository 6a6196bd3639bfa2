using System.Globalization;
using System.IO.Compression;
using Caur.Pacman;
using Caur.Tests.Soak;
using Caur.Tests.Support;

namespace Caur.Tests.Pacman.Fuzz;

/// <summary>
/// Gives one reader damaged forms of what it reads: each is refused with a named fault or accepted as a whole, in bounded time and
/// memory. An input that is not lies as <c>input</c> in the folder of the round.
/// </summary>
internal abstract class FuzzScenario : ISoakScenario
{
    /// <summary>What is borne: small, so that reaching a limit is cheap and exceeding one is seen.</summary>
    protected static readonly ArchiveLimits Limits = new()
    {
        MaxUnpackedBytes = 8 << 20,
        MaxMembers = 2_000,
        MaxFileListBytes = 1 << 20,
        MaxDescBytes = 100_000,
        MaxDescBytesInAll = 300_000,
        MaxInfoBytes = 100_000,
        MaxBuildInfoBytes = 100_000,
        MaxExtendedHeaderBytes = 100_000,
    };

    /// <summary>Far above what one input takes, far below what one without a bound would.</summary>
    private const long MaxAllocated = 64 << 20;

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(20);

    private byte[] _input = [];

    public abstract string Name { get; }

    /// <summary>The inputs of a long round.</summary>
    protected abstract int Inputs { get; }

    /// <summary>The inputs of a short round.</summary>
    protected virtual int FewInputs => Inputs / 50;

    public async Task RunAsync(SoakRound round)
    {
        var samples = await SamplesAsync(round);
        foreach (var sample in samples)
        {
            Read(sample).ShouldBeNull("a sample has to be valid");
        }

        // A round of its own object: two rounds may run beside each other.
        var run = (FuzzScenario)MemberwiseClone();
        var reading = Task.Run(() => run.Feed(round, samples), round.Cancelled);
        try
        {
            await reading.WaitAsync(TimeSpan.FromMinutes(4), TimeProvider.System, round.Cancelled);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            await File.WriteAllBytesAsync(Path.Combine(round.Folder, "input"), run._input, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Valid inputs.</summary>
    protected abstract Task<IReadOnlyList<byte[]>> SamplesAsync(SoakRound round);

    /// <summary>Damages one of the samples.</summary>
    protected abstract byte[] Mutate(IReadOnlyList<byte[]> samples, Random random);

    /// <summary>Reads on this thread. Null when the input is accepted; then the value has been checked as far as one can.</summary>
    protected abstract FormatError? Read(byte[] input);

    protected static byte[] Pack(byte[] plain, CompressionFormat format)
    {
        if (format == CompressionFormat.None)
        {
            return plain;
        }

        var packed = new MemoryStream();
        using (var stream = format == CompressionFormat.Gzip
            ? (Stream)new GZipStream(packed, CompressionLevel.Fastest)
            : new ZstdStream(packed, CompressionMode.Compress))
        {
            stream.Write(plain);
        }

        return packed.ToArray();
    }

    private void Feed(SoakRound round, IReadOnlyList<byte[]> samples)
    {
        var (bytes, refused) = (0L, 0);
        var count = round.IsShort ? FewInputs : Inputs;
        for (var i = 0; i < count; i++)
        {
            round.Cancelled.ThrowIfCancellationRequested();
            _input = Mutate(samples, round.Fork());
            bytes += _input.Length;
            try
            {
                FormatError? error = null;
                var allocated = GC.GetAllocatedBytesForCurrentThread();
                ThreadTime.Of(() => error = Read(_input)).ShouldBeLessThan(MaxTime);
                (GC.GetAllocatedBytesForCurrentThread() - allocated).ShouldBeLessThan(MaxAllocated);
                refused += error is null ? 0 : 1;
                error?.Message.Length.ShouldBeInRange(1, 1_000);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{Name}: input {i} of {_input.Length} bytes"), error);
            }
        }

        refused.ShouldBeInRange(1, count, "damage that is never seen is no damage");
        round.Count($"{Name} inputs", count);
        round.Count($"{Name} inputs refused", refused);
        round.Count($"{Name} bytes", bytes);
    }
}
