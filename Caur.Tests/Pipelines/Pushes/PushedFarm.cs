using Caur.Pipelines.Changes;
using Caur.Pipelines.Pushes;
using Caur.Storage.Processes;
using Caur.Tests.Sources;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Pushes;

/// <summary>A repository on a server, somebody's work tree of it, and a clone of ours.</summary>
internal sealed class PushedFarm : IDisposable
{
    public static readonly GitIdentity Identity = new("Chaotic CI", "ci@example.org");

    private readonly TemporaryFolder _folder = new();

    public PushedFarm(TimeProvider? time = null)
    {
        Time = time ?? new ManualTimeProvider();
        Somebody = new GitWorkTree(_folder["somebody"]);
        Repository = Clone("ours");
    }

    public TimeProvider Time { get; }

    public string Url => _folder["server.git"];

    public GitWorkTree Somebody { get; }

    public PushRepository Repository { get; }

    public string Head { get; private set; } = "";

    public string this[string name] => _folder[name];

    public PushRepository Clone(string name, GitRemote? remote = null) =>
        new(_folder[name], remote ?? GitRemote.Of(Url), new ProcessRunner(TimeProvider.System));

    /// <summary>Packages a and b, tag scheduled at the head.</summary>
    public async Task<PushedFarm> StartAsync()
    {
        await Processes.RunAsync("git", ["init", "-q", "--bare", "-b", "main", Url]);
        await GitAsync("config", "receive.advertisePushOptions", "true");
        await Somebody.CommitAsync(("a/PKGBUILD", "a1\n"), ("a/.CI/config", "x\n"), ("b/PKGBUILD", "b1\n"), (".ci/aur-state", "1\n"), (".ci/config", ""));
        await Somebody.GitAsync("remote", "add", "origin", Url);
        await Somebody.GitAsync("tag", "scheduled");
        await Somebody.GitAsync("push", "-q", "origin", "main", "scheduled");
        Head = await RefAsync("refs/heads/main");
        return this;
    }

    /// <summary>Somebody pushes a change.</summary>
    public async Task<string> SomebodyPushesAsync(params (string Path, string Text)[] files)
    {
        await Somebody.GitAsync("pull", "-q", "--rebase", "--autostash", "origin", "main");
        var commit = await Somebody.CommitAsync(files);
        await Somebody.GitAsync("push", "-q", "origin", "main");
        return commit;
    }

    /// <summary>git in the server's repository.</summary>
    public async Task<string> GitAsync(params string[] arguments)
    {
        var result = await Processes.RunAsync("git", arguments, folder: Url);
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Output.Trim();
    }

    public async Task<string> RefAsync(string name)
    {
        var result = await Processes.RunAsync("git", ["rev-parse", "--verify", "--quiet", name], folder: Url);
        return result.ExitCode == 0 ? result.Output.Trim() : "";
    }

    public Task<string> TextAsync(string path, string at = "main") => GitAsync("show", $"{at}:{path}");

    /// <summary>A program that the server runs when somebody pushes.</summary>
    public void Hook(string name, string script)
    {
        var path = Path.Combine(Url, "hooks", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public MainChange Change(params FolderChange[] folders) => new() { Base = Head, Folders = folders, Identity = Identity, Skip = CiSkip.No };

    public static FolderChange Folder(string name, string from, string to) =>
        new(name, FolderTree.Of(("PKGBUILD", from)), FolderTree.Of(("PKGBUILD", to)));

    public void Dispose() => _folder.Dispose();
}
