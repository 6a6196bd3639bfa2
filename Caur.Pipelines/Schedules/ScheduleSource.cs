using System.Text;
using Caur.Pacman;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;

namespace Caur.Pipelines.Schedules;

/// <summary>What of a commit a schedule run looks at: all package folders, and the repository's own files.</summary>
/// <param name="Commit">The commit, in full.</param>
/// <param name="Packages">Its package folders, by name.</param>
/// <param name="Config">Its <c>.ci/config</c>.</param>
internal sealed record ScheduleSource(string Commit, IReadOnlyDictionary<string, SchedulePackage> Packages, ConfigFile Config)
{
    private const string WatermarkFile = "aur-state";
    private const string MaintainersFile = "aur-maintainers";
    private const string EditorFile = ".editorconfig";

    /// <summary>The text of <c>.ci/aur-state</c>; null when there is none.</summary>
    public string? Watermark { get; init; }

    /// <summary>The text of <c>.ci/aur-maintainers</c>; null when there is none.</summary>
    public string? Maintainers { get; init; }

    /// <summary>The text of <c>.editorconfig</c>; null when there is none.</summary>
    public string? EditorConfig { get; init; }

    /// <summary>Reads a commit: its listing, and all of the files in one go.</summary>
    /// <exception cref="SourceUnavailableException">The repository is damaged.</exception>
    public static async Task<ScheduleSource> ReadAsync(GitRepository git, string commit, CancellationToken cancellationToken)
    {
        var folders = new Dictionary<string, Found>(StringComparer.Ordinal);
        var own = new Dictionary<string, TreeFile>(StringComparer.Ordinal);
        await TreeFile.ListAsync(
            git,
            commit,
            (folder, path, kind, oid) =>
            {
                if (folder.IsEmpty)
                {
                    if (path.SequenceEqual(".editorconfig"u8))
                    {
                        own[EditorFile] = TreeFile.Of(kind, oid);
                    }
                }
                else if (folder[0] != '.')
                {
                    if (Found.IsRead(path))
                    {
                        var name = Encoding.UTF8.GetString(folder);
                        if (!folders.TryGetValue(name, out var found))
                        {
                            folders[name] = found = new Found();
                        }

                        found.Add(path, TreeFile.Of(kind, oid));
                    }
                }
                else if (folder.SequenceEqual(".ci"u8) && (path.SequenceEqual("config"u8) || path.SequenceEqual("aur-state"u8) || path.SequenceEqual("aur-maintainers"u8)))
                {
                    own[Encoding.ASCII.GetString(path)] = TreeFile.Of(kind, oid);
                }
            },
            cancellationToken);

        var packages = folders.Where(folder => folder.Value.Pkgbuild is not null).ToList();
        var blobs = packages.SelectMany(folder => new[] { folder.Value.Srcinfo, folder.Value.Config }).Concat(own.Values.Select(file => (TreeFile?)file))
            .Where(file => file is { Kind: TreeFileKind.Plain }).Select(file => file!.Value.Blob).ToHashSet(StringComparer.Ordinal);
        var contents = new Dictionary<string, ReadOnlyMemory<byte>?>(blobs.Count, StringComparer.Ordinal);
        await new BlobReader(git).ReadAsync(blobs, Srcinfo.MaxSize, (blob, content) => contents[blob] = content, cancellationToken);
        var read = new SchedulePackage[packages.Count];
        Parallel.For(0, read.Length, at => read[at] = packages[at].Value.Read(packages[at].Key, contents));
        return new ScheduleSource(
            commit,
            new SortedDictionary<string, SchedulePackage>(read.ToDictionary(package => package.PkgBase, StringComparer.Ordinal), StringComparer.Ordinal),
            !own.TryGetValue("config", out var config) ? ConfigFile.Missing
                : config.Kind != TreeFileKind.Plain ? ConfigFile.NoFile
                : contents[config.Blob] is { } bytes ? ConfigFile.Read(bytes.Span)
                : ConfigFile.TooLarge)
        {
            Watermark = Text(WatermarkFile),
            Maintainers = Text(MaintainersFile),
            EditorConfig = Text(EditorFile),
        };

        string? Text(string name) =>
            own.TryGetValue(name, out var file) && file.Kind == TreeFileKind.Plain && contents[file.Blob] is { } text ? Encoding.UTF8.GetString(text.Span) : null;
    }

    /// <summary>The files of a folder that are looked at.</summary>
    private sealed class Found
    {
        private bool _hook;

        public TreeFile? Pkgbuild { get; private set; }

        public TreeFile? Srcinfo { get; private set; }

        public TreeFile? Config { get; private set; }

        public static bool IsRead(ReadOnlySpan<byte> path) =>
            path.SequenceEqual("PKGBUILD"u8) || path.SequenceEqual(".SRCINFO"u8) || path.SequenceEqual(".CI"u8)
            || path.SequenceEqual(".CI/config"u8) || path.SequenceEqual(".CI/update.sh"u8);

        public void Add(ReadOnlySpan<byte> path, TreeFile file)
        {
            switch (path.Length)
            {
                case 8 when path[0] == 'P':
                    Pkgbuild = file;
                    break;
                case 8:
                    Srcinfo = file;
                    break;
                case 13:
                    _hook = true;
                    break;

                // A link in place of the folder .CI leads elsewhere.
                case 3 when file.Kind == TreeFileKind.Plain:
                    break;
                default:
                    Config = file;
                    break;
            }
        }

        public SchedulePackage Read(string name, Dictionary<string, ReadOnlyMemory<byte>?> contents)
        {
            var (config, problem) = ReadConfig(contents);
            var srcinfo = Srcinfo is { Kind: TreeFileKind.Plain } file && contents[file.Blob] is { } text && Pacman.Srcinfo.Parse(text.Span) is { IsValid: true } read ? read.Value : null;
            problem = !PackageFolder.IsName(name) ? "its folder's name is none for a package: letters, digits and @ . _ + - are allowed"
                : Pkgbuild!.Value.Kind != TreeFileKind.Plain ? PkgbuildFile.NoFile.Problem
                : problem;
            return new SchedulePackage(name, config, srcinfo, problem) { HasHook = _hook };
        }

        private (CiConfigText Config, string? Problem) ReadConfig(Dictionary<string, ReadOnlyMemory<byte>?> contents)
        {
            if (Config is not { } file)
            {
                return (CiConfigText.Empty, null);
            }

            if (file.Kind != TreeFileKind.Plain)
            {
                return (CiConfigText.Empty, ConfigFile.NoFile.Problem);
            }

            if (contents[file.Blob] is not { } text)
            {
                return (CiConfigText.Empty, ConfigFile.TooLarge.Problem);
            }

            var read = CiConfigText.Read(text.Span);
            return read.IsValid ? (read.Value, null) : (CiConfigText.Empty, $"its .CI/config cannot be read: {read.Error}");
        }
    }
}
