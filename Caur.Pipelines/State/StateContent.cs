using System.Globalization;
using System.Text;
using Caur.Pacman;
using Caur.Pipelines.Rebuilds;

namespace Caur.Pipelines.State;

/// <summary>The content of the branch <c>state</c>, in either of its forms. It never changes; a change makes a new one.</summary>
internal sealed record StateContent
{
    private const string VersionsFile = ".version-state";
    private const string FormerVersionsFile = "versions";
    private const string CommitFile = ".commit";
    private const string OwnFile = ".caur-state";
    private const string PendingFile = ".caur-pending";
    private const string CommitKey = "CI_GIT_COMMIT";
    private const string TimestampKey = "CI_PKGBUILD_TIMESTAMP";

    /// <summary>No state at all: the branch is not there, or was of another history.</summary>
    public static StateContent None { get; } = new();

    public StateFormat Format { get; init; }

    /// <summary>By pkgbase.</summary>
    public IReadOnlyDictionary<string, PackageState> Packages { get; init; } = new Dictionary<string, PackageState>(StringComparer.Ordinal);

    /// <summary>The versions in the databases at the last run.</summary>
    public VersionSnapshot Versions { get; init; } = VersionSnapshot.Empty;

    /// <summary>The commit of the main branch that it belongs to; null where the form does not say.</summary>
    public string? Commit { get; init; }

    /// <summary>What is still to be handed over to the farm, or may not have been; null for nothing. No other reader of the branch knows it.</summary>
    public PendingOrder? Pending { get; init; }

    /// <summary>Whether our own file was among the files that were read: then what is not remembered of a package was never looked at, by us at least.</summary>
    public bool IsOurs { get; init; }

    public PackageState this[string pkgbase] => Packages.GetValueOrDefault(pkgbase) ?? PackageState.None;

    /// <summary>Reads the files of the branch. What is none of its files is left out.</summary>
    public static StateContent Read(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files)
    {
        var packages = new Dictionary<string, PackageState>(StringComparer.Ordinal);
        var timestamps = false;
        foreach (var (name, bytes) in files)
        {
            if (PackageName.IsValid(name) && !IsVersions(name, bytes.Span))
            {
                // A file of whatever else is there cannot be read as settings, and then says nothing.
                var settings = CiConfig.Read(bytes.Span) is { IsValid: true } read ? read.Value : CiConfig.Empty;
                packages[name] = Read(settings);
                timestamps |= packages[name].AurTimestamp is not null;
            }
        }

        var former = !files.ContainsKey(VersionsFile)
            && (timestamps || files.ContainsKey(CommitFile) || (files.TryGetValue(FormerVersionsFile, out var lines) && IsVersions(FormerVersionsFile, lines.Span)));
        if (files.TryGetValue(OwnFile, out var own))
        {
            ReadOwn(own.Span, packages);
        }

        return new StateContent
        {
            IsOurs = own.Length > 0,
            Format = former ? StateFormat.Former : StateFormat.Current,
            Packages = packages,
            Versions = files.TryGetValue(former ? FormerVersionsFile : VersionsFile, out var versions) ? VersionSnapshot.Parse(versions.Span) : VersionSnapshot.Empty,
            Commit = files.TryGetValue(CommitFile, out var commit) ? Encoding.ASCII.GetString(commit.Span).Trim() : null,
            Pending = files.TryGetValue(PendingFile, out var pending) ? PendingOrder.Parse(Encoding.UTF8.GetString(pending.Span)) : null,
        };
    }

    /// <summary>The files of the branch, as the templates' scripts write them to the byte: they take a difference for news.</summary>
    public SortedDictionary<string, byte[]> ToFiles()
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (name, state) in Packages)
        {
            var text = Text(state);
            if ((text.Length > 0 || Format == StateFormat.Former) && PackageName.IsValid(name))
            {
                files[name] = Encoding.UTF8.GetBytes(text);
            }
        }

        if (!Versions.IsEmpty)
        {
            files[Format == StateFormat.Former ? FormerVersionsFile : VersionsFile] = Versions.ToBytes();
        }

        if (Format == StateFormat.Former && Commit is not null)
        {
            files[CommitFile] = Encoding.ASCII.GetBytes(Commit + "\n");
        }

        if (OwnText() is { Length: > 0 } own)
        {
            files[OwnFile] = Encoding.UTF8.GetBytes(own);
        }

        if (Pending is not null)
        {
            files[PendingFile] = Encoding.UTF8.GetBytes(Pending.Text);
        }

        return files;
    }

    private static PackageState Read(CiConfig settings) => new()
    {
        GitCommit = settings[CommitKey] is { } commit && IsHash(commit) ? commit : null,
        AurTimestamp = Seconds(settings[TimestampKey]),
    };

    /// <summary>Lines of <c>pkgbase aur=SECONDS upstream=COMMIT published=TREE missed=LIBRARY:VERSION/...</c>, any of them perhaps alone.</summary>
    private static void ReadOwn(ReadOnlySpan<byte> bytes, Dictionary<string, PackageState> packages)
    {
        foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !PackageName.IsValid(words[0]))
            {
                continue;
            }

            var state = packages.GetValueOrDefault(words[0]) ?? PackageState.None;
            foreach (var word in words[1..])
            {
                state = word.Split('=', 2) switch
                {
                    ["aur", var seconds] => state with { AurTimestamp = Seconds(seconds) },
                    ["upstream", var commit] when IsHash(commit) => state with { UpstreamCommit = commit },
                    ["published", var tree] when IsHash(tree) => state with { PublishedTree = tree },
                    ["missed", var missed] => state with { Missed = MissedLibraries.Parse(missed).Text },
                    _ => state,
                };
            }

            packages[words[0]] = state;
        }
    }

    private string Text(PackageState state)
    {
        // In this order, which is that of bash's table of these two keys.
        var text = new StringBuilder();
        if (Format == StateFormat.Former && state.AurTimestamp is { } time)
        {
            text.Append(CultureInfo.InvariantCulture, $"{TimestampKey}={time}\n");
        }

        if (state.GitCommit is { } commit)
        {
            text.Append(CultureInfo.InvariantCulture, $"{CommitKey}={commit}\n");
        }

        return text.ToString();
    }

    private string OwnText()
    {
        var text = new StringBuilder();
        foreach (var (name, state) in Packages.OrderBy(package => package.Key, StringComparer.Ordinal))
        {
            // The former form has a place of its own for the timestamp.
            var timestamp = Format == StateFormat.Former ? null : state.AurTimestamp;
            if ((timestamp is null && state is { UpstreamCommit: null, PublishedTree: null, Missed: null }) || !PackageName.IsValid(name))
            {
                continue;
            }

            text.Append(name);
            if (timestamp is { } time)
            {
                text.Append(CultureInfo.InvariantCulture, $" aur={time}");
            }

            if (state.UpstreamCommit is { } commit)
            {
                text.Append(CultureInfo.InvariantCulture, $" upstream={commit}");
            }

            if (state.PublishedTree is { } tree)
            {
                text.Append(CultureInfo.InvariantCulture, $" published={tree}");
            }

            if (state.Missed is { } missed)
            {
                text.Append(CultureInfo.InvariantCulture, $" missed={missed}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A package may be called <c>versions</c> too; then its file holds settings.</summary>
    private static bool IsVersions(string name, ReadOnlySpan<byte> bytes) =>
        name == FormerVersionsFile && bytes.IndexOf((byte)':') is var colon and > 0 && bytes[..colon].IndexOfAny((byte)'=', (byte)'\n') < 0;

    private static bool IsHash(string text) => text.Length is >= 7 and <= 64 && text.All(char.IsAsciiHexDigit);

    private static long? Seconds(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1L << 40 ? seconds : null;
}
