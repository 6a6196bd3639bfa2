namespace Caur.Tests.Pacman;

/// <summary>Real pacman with a root, a database folder and a configuration of its own, whose one repository is a folder.</summary>
internal sealed class PacmanClient
{
    private readonly TempFolder _folder;

    private PacmanClient(TempFolder folder) => _folder = folder;

    public static async Task<PacmanClient> CreateAsync(TempFolder folder, string served, string repository, CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(
            folder["pacman.conf"],
            $"[options]\nArchitecture = x86_64\nSigLevel = Never\nNoProgressBar\nDisableDownloadTimeout\nCacheDir = {folder.Folder("cache")}\nLogFile = {folder["log"]}\n"
            + $"GPGDir = {folder.Folder("gpg")}\nHookDir = {folder.Folder("hooks")}\n[{repository}]\nServer = file://{served}\n",
            cancellationToken);
        folder.Folder("root");
        folder.Folder("db");
        return new PacmanClient(folder);
    }

    /// <summary>Runs it and gives what it prints.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        string[] all =
        [
            "pacman", "--root", _folder["root"], "--dbpath", _folder["db"], "--config", _folder["pacman.conf"], "--noconfirm",
            .. arguments,
        ];

        // pacman wants to be root to change even a root of its own.
        return Environment.IsPrivilegedProcess
            ? (await Tool.RunAsync(all[0], all[1..])).Succeeded()
            : (await Tool.RunAsync("fakeroot", all)).Succeeded();
    }
}
