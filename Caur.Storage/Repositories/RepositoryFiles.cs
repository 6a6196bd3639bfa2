using System.Diagnostics.CodeAnalysis;
using Caur.Storage.Files;

namespace Caur.Storage.Repositories;

/// <summary>Finds what a web request below <c>/repos</c> means: a file, or a redirect that keeps a database and its signature together.</summary>
/// <param name="root">The folder of all repositories.</param>
public sealed class RepositoryFiles(string root)
{
    /// <summary>Resolves a path.</summary>
    /// <param name="path">What stands behind <c>/repos/</c>, percent-decoded: <c>target/arch/file</c> or <c>target/arch/.gen/N/file</c>.
    /// Anything else is not found, whatever it holds.</param>
    public RepositoryFile Resolve(string path)
    {
        var parts = path.Split('/');
        if (parts.Length < 3 || !PathGuard.TryJoin(root, out var folder, parts[0], parts[1]))
        {
            return RepositoryFile.NotFound;
        }

        var layout = new RepositoryLayout(folder, parts[0]);
        return parts.Length switch
        {
            3 => ResolveName(layout, parts[2]),
            5 when parts[2] == RepositoryLayout.GenerationsName => ResolveGeneration(layout, parts[3], parts[4]),
            _ => RepositoryFile.NotFound,
        };
    }

    private static RepositoryFile ResolveName(RepositoryLayout layout, string name)
    {
        if (layout.DatabaseNames.Contains(name, StringComparer.Ordinal))
        {
            // pacman asks for the signature where the redirect led, and so gets the one of this generation whatever is current by then.
            var current = layout.ReadCurrent();
            return current == 0
                ? RepositoryFile.NotFound
                : new RepositoryFile(
                    RepositoryFileKind.Redirect, null, $"{RepositoryLayout.GenerationsName}/{current}/{Uri.EscapeDataString(name)}");
        }

        return PathGuard.TryJoin(layout.Folder, out var path, name)
            && new FileInfo(path) is { Exists: true, LinkTarget: null }
                ? new RepositoryFile(RepositoryFileKind.File, path, null)
                : RepositoryFile.NotFound;
    }

    private static RepositoryFile ResolveGeneration(RepositoryLayout layout, string number, string name)
    {
        if (!RepositoryLayout.TryParseNumber(number, out var generation) || !layout.DatabaseNames.Contains(name, StringComparer.Ordinal))
        {
            return RepositoryFile.NotFound;
        }

        // The short names are links within the generation: the file behind them is what is served.
        var file = layout.ShortNames.FirstOrDefault(pair => pair.Link == name).File ?? name;
        var path = Path.Combine(layout.Generation(generation), file);
        return generation <= layout.ReadCurrent() && File.Exists(path)
            ? new RepositoryFile(RepositoryFileKind.File, path, null)
            : RepositoryFile.NotFound;
    }
}

/// <summary>What a path means.</summary>
/// <param name="Kind">Which of the three.</param>
/// <param name="Path">With <see cref="RepositoryFileKind.File"/>: the file, a plain one. Its content never changes under its URL, unless
/// an unpublished file is replaced.</param>
/// <param name="Location">With <see cref="RepositoryFileKind.Redirect"/>: relative to the request's URL, escaped. The answer must not be cached.</param>
public sealed record RepositoryFile(RepositoryFileKind Kind, string? Path, string? Location)
{
    /// <summary>Nothing.</summary>
    public static RepositoryFile NotFound { get; } = new(RepositoryFileKind.NotFound, null, null);

    /// <summary>True for a file.</summary>
    [MemberNotNullWhen(true, nameof(Path))]
    public bool IsFile => Kind == RepositoryFileKind.File;

    /// <summary>True for a redirect.</summary>
    [MemberNotNullWhen(true, nameof(Location))]
    public bool IsRedirect => Kind == RepositoryFileKind.Redirect;
}

/// <summary>What a path can mean.</summary>
public enum RepositoryFileKind
{
    /// <summary>Nothing that is served.</summary>
    NotFound,

    /// <summary>A file.</summary>
    File,

    /// <summary>Another URL, to be asked with a temporary redirect.</summary>
    Redirect,
}
