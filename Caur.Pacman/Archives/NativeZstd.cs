using System.Runtime.InteropServices;

namespace Caur.Pacman;

/// <summary>The part of zstd.h (stable API, 1.4 and later) that the streams need, from the system's library.</summary>
internal static unsafe partial class NativeZstd
{
    public const int CompressionLevelParameter = 100;
    public const int ChecksumParameter = 201;
    public const int WindowLogMaxParameter = 100;
    public const int Continue = 0;
    public const int Flush = 1;
    public const int End = 2;

    private const string Library = "libzstd.so.1";

    public static nuint Checked(nuint result) => IsError(result) == 0
        ? result
        : throw new FormatFaultException(FormatErrorCode.NotAnArchive, "zstd: " + Marshal.PtrToStringUTF8(GetErrorName(result)));

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    public static partial DecompressionContext CreateDecompression();

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    public static partial CompressionContext CreateCompression();

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    public static partial nuint SetParameter(DecompressionContext context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    public static partial nuint SetParameter(CompressionContext context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint Decompress(DecompressionContext context, Buffer* output, Buffer* input);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressStream2")]
    public static partial nuint Compress(CompressionContext context, Buffer* output, Buffer* input, int directive);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint GetErrorName(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    private static partial nuint FreeDecompression(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    private static partial nuint FreeCompression(nint context);

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer: the same layout.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public byte* Start;
        public nuint Size;
        public nuint Position;
    }

    public sealed class DecompressionContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => FreeDecompression(handle) == 0;
    }

    public sealed class CompressionContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => FreeCompression(handle) == 0;
    }
}
