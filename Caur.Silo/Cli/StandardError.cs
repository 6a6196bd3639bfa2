namespace Caur.Silo.Cli;

/// <summary>The process' standard error. What cannot be written there, as on a full disk, cannot be told to anybody: the verb goes on, and its exit
/// code says how it ended.</summary>
internal static class StandardError
{
    /// <summary>Makes <see cref="Console.Error"/> so, for everything in this process.</summary>
    public static void Install() => Console.SetError(TextWriter.Synchronized(
        new StreamWriter(new LossyStream(Console.OpenStandardError()), Console.Error.Encoding, bufferSize: 256) { AutoFlush = true }));

    private sealed class LossyStream(Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                inner.Write(buffer);
            }
            catch (IOException)
            {
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
