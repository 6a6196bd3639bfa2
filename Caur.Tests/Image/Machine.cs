using System.Runtime.InteropServices;

namespace Caur.Tests.Image;

/// <summary>pacman's name for the processor that the tests run on.</summary>
internal static class Machine
{
    public static string Arch => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";

    public static string OtherArch => Arch == "x86_64" ? "aarch64" : "x86_64";
}
