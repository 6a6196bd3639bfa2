using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Caur.Tests.Pacman;

/// <summary><c>alpm_pkg_vercmp</c>, which is all that vercmp runs, from the library that pacman uses.</summary>
internal sealed partial class AlpmVersions : IDisposable
{
    private readonly nint _library;
    private readonly Vercmp _compare;

    private AlpmVersions(string path)
    {
        _library = NativeLibrary.Load(path);
        _compare = Marshal.GetDelegateForFunctionPointer<Vercmp>(NativeLibrary.GetExport(_library, "alpm_pkg_vercmp"));
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int Vercmp([MarshalAs(UnmanagedType.LPUTF8Str)] string left, [MarshalAs(UnmanagedType.LPUTF8Str)] string right);

    public static async Task<AlpmVersions> LoadAsync()
    {
        // Its name ends in a number that changes with pacman's.
        var linked = (await Tool.RunAsync("bash", "-c", "ldd \"$(type -P pacman)\"")).Succeeded();
        return new AlpmVersions(Path(linked).Groups[1].Value);
    }

    public int Compare(string left, string right) => Math.Sign(_compare(left, right));

    public void Dispose() => NativeLibrary.Free(_library);

    private static Match Path(string linked) => LibraryPath().Match(linked) is { Success: true } match
        ? match
        : throw new InvalidOperationException("pacman is not linked with libalpm: " + linked);

    [GeneratedRegex(@"libalpm\S* => (\S+)")]
    private static partial Regex LibraryPath();
}
