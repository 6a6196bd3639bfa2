using System.Collections.Immutable;
using System.Text;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Hosting;

namespace Caur.Pipelines.State;

/// <summary>Builds that a schedule run decided on and that the farm may not know of yet: <c>.caur-pending</c> of the branch <c>state</c>. Handing it
/// over twice queues nothing twice, because its operations are made of it.</summary>
/// <param name="After">What tells it from another run's order of the same packages at the same commit: the state that it followed.</param>
/// <param name="Commit">The commit to build.</param>
/// <param name="SourceRepository">The farm's name of the source repository.</param>
/// <param name="TargetRepository">The target repository.</param>
/// <param name="Architectures">For which.</param>
/// <param name="Packages">Which.</param>
internal sealed record PendingOrder(
    string After, string Commit, string SourceRepository, string TargetRepository, ImmutableArray<string> Architectures, ImmutableArray<WantedPackage> Packages)
{
    private const string Name = "on-schedule";

    /// <summary>The id of the CI pipeline that asked; null for none.</summary>
    public string? Pipeline { get; init; }

    /// <summary>The file's text: a line of a word and its value for each. None of the values has a blank in it.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder();
            Line("after", After);
            Line("commit", Commit);
            Line("source", SourceRepository);
            Line("target", TargetRepository);
            Line("pipeline", Pipeline);
            foreach (var arch in Architectures)
            {
                Line("arch", arch);
            }

            foreach (var package in Packages)
            {
                Line("package", package.BuilderClass is null ? package.Pkgbase : $"{package.Pkgbase} {package.BuilderClass}");
            }

            return text.ToString();

            void Line(string word, string? value)
            {
                if (value is { Length: > 0 })
                {
                    text.Append(word).Append(' ').Append(value).Append('\n');
                }
            }
        }
    }

    /// <summary>Reads it; null when nothing could be handed over by it.</summary>
    public static PendingOrder? Parse(string text)
    {
        var lines = text.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 1)
            .ToLookup(words => words[0], words => words[1..], StringComparer.Ordinal);
        var packages = lines["package"].Where(words => Reading.PackageFolder.IsName(words[0])).Select(words => new WantedPackage(words[0], words.ElementAtOrDefault(1))).ToImmutableArray();
        return One("commit") is { Length: >= 7 and <= 64 } commit && commit.All(char.IsAsciiHexDigit) && One("source") is { } source && One("target") is { } target && lines["arch"].Any() && packages.Length > 0
            ? new PendingOrder(One("after") ?? "", commit, source, target, [.. lines["arch"].Select(words => words[0])], packages) { Pipeline = One("pipeline") }
            : null;

        string? One(string word) => lines[word].FirstOrDefault()?[0];
    }

    /// <summary>The id of a part of it.</summary>
    public Guid OperationOf(string arch, IEnumerable<WantedPackage> packages) => OperationId.Of(
        [Name, After, SourceRepository, TargetRepository, arch, Commit, .. packages.SelectMany(one => (string?[])[one.Pkgbase, one.BuilderClass])]);
}
