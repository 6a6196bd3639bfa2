using System.Runtime.InteropServices;

namespace Caur.Pacman;

/// <summary>The part of lzma.h (5.2 and later) that reading needs, from the system's library.</summary>
internal static unsafe partial class NativeLzma
{
    public const uint Concatenated = 0x08;
    public const int Run = 0;
    public const int Finish = 3;
    public const int Ok = 0;
    public const int StreamEnd = 1;
    public const int MemoryLimitReached = 6;
    public const int BufferError = 10;

    private const string Library = "liblzma.so.5";

    [LibraryImport(Library, EntryPoint = "lzma_stream_decoder")]
    public static partial int StreamDecoder(State* state, ulong memoryLimit, uint flags);

    [LibraryImport(Library, EntryPoint = "lzma_code")]
    public static partial int Code(State* state, int action);

    [LibraryImport(Library, EntryPoint = "lzma_end")]
    public static partial void End(State* state);

    /// <summary>lzma_stream; all zero is its initial value.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct State
    {
        public byte* NextIn;
        public nuint AvailableIn;
        public ulong TotalIn;
        public byte* NextOut;
        public nuint AvailableOut;
        public ulong TotalOut;
        public nint Allocator;
        public nint Internal;
        public nint Reserved1;
        public nint Reserved2;
        public nint Reserved3;
        public nint Reserved4;
        public ulong SeekPosition;
        public ulong Reserved5;
        public nuint Reserved6;
        public nuint Reserved7;
        public int Reserved8;
        public int Reserved9;
    }
}
