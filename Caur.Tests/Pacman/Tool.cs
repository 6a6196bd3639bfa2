using System.Diagnostics;
using System.Text;
using Caur.Tests.Support;

namespace Caur.Tests.Pacman;

/// <summary>Runs pacman's own tools, which these tests take as the reference.</summary>
internal static class Tool
{
    /// <summary>What makepkg, which refuses root, runs as when the tests run as root: Debian's nobody.</summary>
    private const string Nobody = "65534";

    public static Task<ToolResult> RunAsync(string program, params string[] arguments) => RunAsync(program, arguments, null);

    public static async Task<ToolResult> RunAsync(
        string program, IEnumerable<string> arguments, string? folder, string? input = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = new UTF8Encoding(false),
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["SOURCE_DATE_EPOCH"] = "1700000000";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }

        process.StandardInput.Close();
        var text = await output.Timeout(TimeSpan.FromMinutes(2), $"the end of {program}'s output");
        await process.WaitForExitAsync().DefaultTimeout($"the end of {program}");
        return new ToolResult(process.ExitCode, text, await error);
    }

    /// <summary>Runs makepkg in a folder that holds a PKGBUILD, as an unprivileged user when the tests run as root.</summary>
    public static async Task<string> MakepkgAsync(string folder, params string[] arguments)
    {
        (string, string)[] environment = [("PKGEXT", ".pkg.tar.zst"), ("PKGDEST", folder), ("HOME", folder), ("PACKAGER", "Some One <a@b.c>")];
        if (!Environment.IsPrivilegedProcess)
        {
            return (await RunAsync("makepkg", arguments, folder, null, environment)).Succeeded();
        }

        (await RunAsync("chown", "-R", Nobody, folder)).Succeeded();
        string[] switched = ["--reuid", Nobody, "--clear-groups", "makepkg", .. arguments];
        return (await RunAsync("setpriv", switched, folder, null, environment)).Succeeded();
    }
}

internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    public string Succeeded()
    {
        ExitCode.ShouldBe(0, Error + Output);
        return Output;
    }
}
