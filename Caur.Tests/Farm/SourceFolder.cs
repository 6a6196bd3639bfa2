using Caur.Tests.Pacman;
using Caur.Tests.Support;

namespace Caur.Tests.Farm;

/// <summary>A real source repository in a folder: PKGBUILDs with .SRCINFOs that the real makepkg wrote, committed with real git.</summary>
internal sealed class SourceFolder(string path)
{
    public string Path => path;

    /// <summary>Writes a package that installs one program which prints its name.</summary>
    public Task AddAsync(string pkgbase, string head, string? body = null) => AddFilesAsync(pkgbase, ("PKGBUILD", $$"""
        pkgbase={{pkgbase}}
        pkgname={{pkgbase}}
        pkgrel=1
        arch=(any)
        license=(MIT)
        {{head}}
        {{body ?? Program(pkgbase)}}

        """));

    /// <summary>A package function that installs a program which prints the package's name.</summary>
    public static string Program(string pkgname, string function = "package") => $$"""
        {{function}}() {
          install -d "$pkgdir/usr/bin"
          printf '#!/bin/sh\necho "{{pkgname}} runs"\n' >"$pkgdir/usr/bin/{{pkgname}}"
          chmod 755 "$pkgdir/usr/bin/{{pkgname}}"
        }
        """;

    public async Task AddFilesAsync(string pkgbase, params (string Name, string Text)[] files)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(path, pkgbase)).FullName;
        foreach (var (name, text) in files)
        {
            var file = System.IO.Path.Combine(folder, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, text);
        }

        await File.WriteAllTextAsync(System.IO.Path.Combine(folder, ".SRCINFO"), await Tool.MakepkgAsync(folder, "--printsrcinfo"));
    }

    /// <summary>Commits everything there is.</summary>
    /// <returns>The commit.</returns>
    public async Task<string> CommitAsync(string message = "packages")
    {
        await GitAsync("init", "--quiet", "--initial-branch=main", ".");
        await GitAsync("add", "--all");
        await GitAsync("-c", "user.name=Some One", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", message);
        return (await GitAsync("rev-parse", "HEAD")).Trim();
    }

    private async Task<string> GitAsync(params string[] arguments)
    {
        var result = await Processes.RunAsync("git", ["-c", "safe.directory=*", .. arguments], folder: path);
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Output;
    }
}
