using System.Text;
using Caur.Pacman;
using Caur.Tests.Soak;

namespace Caur.Tests.Pacman.Fuzz;

/// <summary>gzip, zstd and xz as such, without an archive in them.</summary>
internal sealed class CompressionFuzzScenario : FuzzScenario
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 300).Select(i => $"line {i * 7919 % 1009}\n")));

    public override string Name => "fuzz-compression";

    protected override int Inputs => 15_000;

    protected override async Task<IReadOnlyList<byte[]>> SamplesAsync(SoakRound round)
    {
        var path = Path.Combine(round.Folder, "content");
        await File.WriteAllBytesAsync(path, Content, round.Cancelled);
        (await Tool.RunAsync("bash", ["-c", "xz -T1 -k content && zstd -q --check content && gzip -k content"], round.Folder)).Succeeded();
        var samples = new List<byte[]> { Pack(Content, CompressionFormat.Gzip), Pack(Content, CompressionFormat.Zstd) };
        foreach (var extension in (string[])["xz", "zst", "gz"])
        {
            samples.Add(await File.ReadAllBytesAsync($"{path}.{extension}", round.Cancelled));
        }

        return samples;
    }

    protected override byte[] Mutate(IReadOnlyList<byte[]> samples, Random random) => Mutation.Bytes(samples, random);

    protected override FormatError? Read(byte[] input)
    {
        var format = Decompression.Detect(input);
        if (format == CompressionFormat.None)
        {
            return new FormatError(FormatErrorCode.NotAnArchive, "not compressed");
        }

        var result = FormatFaultException.Catch(() =>
        {
            using var stream = Decompression.Open(new MemoryStream(input));
            var plain = new byte[Limits.MaxUnpackedBytes];
            return plain.AsSpan(0, stream.ReadAtLeast(plain, plain.Length, throwOnEndOfStream: false)).ToArray();
        });
        return result.Error;
    }
}
