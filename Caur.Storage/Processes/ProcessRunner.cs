using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Text;
using Caur.Storage.Files;

namespace Caur.Storage.Processes;

/// <summary>Runs programs (gpg, git) to their end, off the caller's turn.</summary>
/// <param name="time">For timeouts.</param>
public sealed class ProcessRunner(TimeProvider time)
{
    /// <summary>How long the pipes may stay open after the program ended: a daemon that it left behind can hold them for ever.</summary>
    internal TimeSpan PipeGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The clock of its timeouts.</summary>
    internal TimeProvider Time => time;

    /// <summary>Runs a program. Any exit code is a result.</summary>
    /// <exception cref="ProgramNotFoundException">It cannot be started.</exception>
    /// <exception cref="OperationCanceledException">The caller's token; program and children were killed.</exception>
    public Task<ProcessResult> RunAsync(ProcessRequest request, CancellationToken cancellationToken) =>
        Task.Run(() => RunCoreAsync(request, cancellationToken), cancellationToken);

    private async Task<ProcessResult> RunCoreAsync(ProcessRequest request, CancellationToken cancellationToken)
    {
        using var process = Start(request);
        using var pipes = new CancellationTokenSource();
        var output = ReadAsync(process.StandardOutput.BaseStream, new HeadBuffer(request.MaxOutput), pipes.Token);
        var error = ReadAsync(process.StandardError.BaseStream, new TailBuffer(request.MaxError), pipes.Token);
        var input = WriteAsync(process.StandardInput.BaseStream, request.Input, pipes.Token);

        using var limit = new CancellationTokenSource(request.Timeout, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var timedOut = false;
        try
        {
            await process.WaitForExitAsync(ends.Token);
        }
        catch (OperationCanceledException)
        {
            timedOut = limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested;
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        pipes.CancelAfter(PipeGrace);
        var (outputBytes, errorBytes) = (await output, await error);
        await pipes.CancelAsync();
        await input;
        cancellationToken.ThrowIfCancellationRequested();
        return new ProcessResult(
            process.ExitCode, outputBytes.Bytes, outputBytes.Cut, Encoding.UTF8.GetString(errorBytes.Bytes), timedOut);
    }

    private static Process Start(ProcessRequest request)
    {
        var start = new ProcessStartInfo(request.FileName, request.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = request.WorkingFolder ?? "",
        };
        foreach (var (name, value) in request.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("no process was started");
        }
        catch (Win32Exception error)
        {
            throw new ProgramNotFoundException(request.FileName, error);
        }
    }

    private static async Task WriteAsync(Stream pipe, ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        try
        {
            await using (pipe)
            {
                await pipe.WriteAsync(input, cancellationToken);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // It ended without reading everything, which its exit code tells better.
        }
    }

    private static async Task<(byte[] Bytes, bool Cut)> ReadAsync(Stream pipe, BoundedBuffer kept, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            int read;
            while ((read = await pipe.ReadAsync(buffer, cancellationToken)) > 0)
            {
                kept.Add(buffer.AsSpan(0, read));
            }
        }
        catch (OperationCanceledException)
        {
            // A left-over child holds the pipe open, or this machine is so busy that nobody came to read: what is in the pipe counts.
            Drain(pipe, kept, buffer);
        }
        catch (IOException)
        {
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return (kept.ToArray(), kept.Cut);
    }

    /// <summary>Takes what the program wrote before it ended, without waiting for more.</summary>
    private static void Drain(Stream pipe, BoundedBuffer kept, byte[] buffer)
    {
        // A child that goes on writing must not keep us here: a pipe holds far less than this.
        const int MostReads = 256;
        for (var reads = 0; reads < MostReads && pipe is PipeStream { SafePipeHandle: var handle } && Libc.IsReadable(handle); reads++)
        {
            var read = pipe.Read(buffer);
            if (read == 0)
            {
                return;
            }

            kept.Add(buffer.AsSpan(0, read));
        }
    }

    private abstract class BoundedBuffer(int limit)
    {
        protected MemoryStream Kept { get; } = new();

        protected int Limit => limit;

        public bool Cut { get; protected set; }

        public abstract void Add(ReadOnlySpan<byte> bytes);

        public virtual byte[] ToArray() => Kept.ToArray();
    }

    private sealed class HeadBuffer(int limit) : BoundedBuffer(limit)
    {
        public override void Add(ReadOnlySpan<byte> bytes)
        {
            var room = Math.Min(bytes.Length, Limit - (int)Kept.Length);
            Kept.Write(bytes[..room]);
            Cut |= room < bytes.Length;
        }
    }

    private sealed class TailBuffer(int limit) : BoundedBuffer(limit)
    {
        public override void Add(ReadOnlySpan<byte> bytes)
        {
            Kept.Write(bytes);
            if (Kept.Length > 2L * Limit)
            {
                var tail = ToArray();
                Kept.SetLength(0);
                Kept.Write(tail);
            }
        }

        public override byte[] ToArray()
        {
            var all = Kept.ToArray();
            Cut |= all.Length > Limit;
            return all.Length > Limit ? all[^Limit..] : all;
        }
    }
}
