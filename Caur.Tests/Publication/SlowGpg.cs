using System.Runtime.Versioning;
using Caur.Storage.Signing;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Publication;

/// <summary>The real gpg behind a script that lets a test decide what goes wrong with it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SlowGpg : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _home;

    public SlowGpg(string home)
    {
        _home = home;
        File.WriteAllText(_folder["gpg"], $"""
            #!/bin/bash
            mode=$(cat '{_folder["mode"]}' 2>/dev/null)
            case $mode in
              wait) touch '{_folder["waiting"]}'; while [[ -e '{_folder["mode"]}' ]]; do sleep 0.02; done ;;
              hang) exec sleep 1000 ;;
              agentless) gpgconf --homedir '{home}' --kill gpg-agent ;;
              full) echo "gpg: can't connect to the agent: No space left on device" >&2; exit 2 ;;
              readonly) echo "gpg: failed to create temporary file '{home}/.#lk': Read-only file system" >&2; exit 2 ;;
              later) exec gpg --faked-system-time "$(date --date='3 days' +%Y%m%dT%H%M%S)" "$@" ;;
            esac
            exec gpg "$@"

            """);
        File.SetUnixFileMode(_folder["gpg"], (UnixFileMode)0b111_101_101);
    }

    public GpgOptions Options => new() { Home = _home, Program = _folder["gpg"], Timeout = TimeSpan.FromSeconds(20) };

    /// <summary>From now on; null: as gpg is.</summary>
    public void Set(string? mode)
    {
        if (mode is null)
        {
            File.Delete(_folder["mode"]);
        }
        else
        {
            // In one step: a script that reads it finds the old or the new.
            File.WriteAllText(_folder["mode.new"], mode);
            File.Move(_folder["mode.new"], _folder["mode"], overwrite: true);
        }
    }

    /// <summary>True once a gpg waits.</summary>
    public bool IsWaiting => File.Exists(_folder["waiting"]);

    /// <summary>Takes the program away, or brings it back.</summary>
    public void Install(bool installed) => File.Move(_folder[installed ? "away" : "gpg"], _folder[installed ? "gpg" : "away"]);

    public void Dispose() => _folder.Dispose();
}
