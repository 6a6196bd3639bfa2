using System.Collections.Immutable;
using System.Globalization;
using Caur.Pacman;

namespace Caur.Pipelines.Reading;

/// <summary>What a source repository's <c>.ci/config</c> says, with the defaults of the templates of Chaotic-AUR's infra 4.0. No value is run or
/// expanded: <c>$(...)</c> is five characters. A key that cannot mean what is written has its default here and stands in
/// <see cref="Problems"/>.</summary>
internal sealed record RepositorySettings
{
    /// <summary>The templates' default for both names.</summary>
    public const string DefaultName = "chaotic-aur";

    /// <summary>The greatest <c>CI_MAX_PARALLEL</c>.</summary>
    public const int MostParallel = 256;

    private const int LongestText = 1000;

    /// <summary><c>BUILD_REPO</c>: the id of this source repository at the farm. The manual calls it the target; the templates' scripts, which
    /// repositories rely on, pass it as the source.</summary>
    public required string SourceRepository { get; init; }

    /// <summary><c>REPO_NAME</c>: the name of the target repository. The manual has it the other way round.</summary>
    public required string TargetRepository { get; init; }

    /// <summary><c>GIT_AUTHOR_NAME</c>: who commits.</summary>
    public required string AuthorName { get; init; }

    /// <summary><c>GIT_AUTHOR_EMAIL</c>.</summary>
    public required string AuthorEmail { get; init; }

    /// <summary><c>REDIS_SSH_HOST</c>: over which SSH server the farm is reached; null for none.</summary>
    public string? TunnelHost { get; init; }

    /// <summary><c>REDIS_SSH_PORT</c>; null when it is not set.</summary>
    public int? TunnelPort { get; init; }

    /// <summary><c>REDIS_SSH_USER</c>; null when it is not set.</summary>
    public string? TunnelUser { get; init; }

    /// <summary><c>CI_DEFAULT_CLASS</c>: the builder class of folders that name none; null for none.</summary>
    public string? DefaultClass { get; init; }

    /// <summary><c>CI_CODE_SKIP</c>: the exit code of a build that skips itself.</summary>
    public int SkipCode { get; init; } = 123;

    /// <summary><c>CI_MAX_PARALLEL</c>: so many packages are looked at at the same time.</summary>
    public int MaxParallel { get; init; } = 8;

    /// <summary><c>CI_CLONE_DELAY</c>: how long to wait between two clones from one host; <c>true</c> is a second.</summary>
    public TimeSpan CloneDelay { get; init; }

    /// <summary><c>CI_AUR_PROXY</c>; null for none.</summary>
    public string? AurProxy { get; init; }

    /// <summary><c>CI_LIB_DB</c>: the databases whose versions are compared.</summary>
    public ImmutableArray<string> LibraryDatabases { get; init; } = [];

    /// <summary><c>CI_REBUILD_TRIGGERS</c>: pkgbases that rebuild all packages.</summary>
    public ImmutableArray<string> RebuildTriggers { get; init; } = [];

    /// <summary><c>CI_REBUILD_BLACKLIST</c>: pkgbases that rebuild none.</summary>
    public ImmutableArray<string> RebuildBlacklist { get; init; } = [];

    /// <summary><c>CI_MANAGE_AUR</c>: whether packages that ask for it are kept in the AUR.</summary>
    public bool ManageAur { get; init; }

    /// <summary><c>CI_HUMAN_REVIEW</c>: whether major changes wait for somebody.</summary>
    public bool HumanReview { get; init; }

    /// <summary><c>CI_HUMAN_REVIEW_ASSIGNEE</c>; null for nobody.</summary>
    public string? ReviewAssignee { get; init; }

    /// <summary><c>CI_NVCHECKER_REVIEW</c>: whether what nvchecker finds waits for somebody too.</summary>
    public bool NvcheckerReview { get; init; } = true;

    /// <summary><c>CI_OVERWRITE_COMMITS</c>: whether an automated last commit is replaced; not in today's templates any more.</summary>
    public bool OverwriteCommits { get; init; }

    /// <summary><c>TEMPLATE_ENABLE_UPDATES</c>.</summary>
    public bool TemplateUpdates { get; init; } = true;

    /// <summary><c>TEMPLATE_REPO</c>.</summary>
    public string TemplateRepository { get; init; } = "https://github.com/chaotic-cx/chaotic-repository-template";

    /// <summary>What is written and cannot be meant, by key, for people.</summary>
    public ImmutableDictionary<string, string> Problems { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Reads it.</summary>
    public static RepositorySettings Read(CiConfig config)
    {
        var read = new Reader(config);
        return new RepositorySettings
        {
            SourceRepository = read.Name("BUILD_REPO") ?? DefaultName,
            TargetRepository = read.Name("REPO_NAME") ?? DefaultName,
            AuthorName = read.Text("GIT_AUTHOR_NAME", "<>") ?? DefaultName,
            AuthorEmail = read.Text("GIT_AUTHOR_EMAIL", "<> ") ?? "ci@example.com",
            TunnelHost = read.Text("REDIS_SSH_HOST"),
            TunnelPort = read.Number("REDIS_SSH_PORT", 1, 65535),
            TunnelUser = read.Text("REDIS_SSH_USER"),
            DefaultClass = read.Name("CI_DEFAULT_CLASS"),
            SkipCode = read.Number("CI_CODE_SKIP", 1, 255) ?? 123,
            MaxParallel = read.Number("CI_MAX_PARALLEL", 1, MostParallel) ?? 8,
            CloneDelay = read.Delay("CI_CLONE_DELAY"),
            AurProxy = read.Url("CI_AUR_PROXY"),
            LibraryDatabases = read.List("CI_LIB_DB", ' ', text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https", "URLs with spaces between"),
            RebuildTriggers = read.List("CI_REBUILD_TRIGGERS", ':', PackageFolder.IsName, "names with colons between"),
            RebuildBlacklist = read.List("CI_REBUILD_BLACKLIST", ':', PackageFolder.IsName, "names with colons between"),
            ManageAur = read.Flag("CI_MANAGE_AUR") ?? false,
            HumanReview = read.Flag("CI_HUMAN_REVIEW") ?? false,
            ReviewAssignee = read.Text("CI_HUMAN_REVIEW_ASSIGNEE"),
            NvcheckerReview = read.Flag("CI_NVCHECKER_REVIEW") ?? true,
            OverwriteCommits = read.Flag("CI_OVERWRITE_COMMITS") ?? false,
            TemplateUpdates = read.Flag("TEMPLATE_ENABLE_UPDATES") ?? true,
            TemplateRepository = read.Text("TEMPLATE_REPO", " ") ?? "https://github.com/chaotic-cx/chaotic-repository-template",
            Problems = read.Problems.ToImmutableDictionary(StringComparer.Ordinal),
        };
    }

    private sealed class Reader(CiConfig config)
    {
        public Dictionary<string, string> Problems { get; } = new(StringComparer.Ordinal);

        public string? Name(string key) => Take(key, text => PackageFolder.IsName(text) ? text : null, "a name is wanted: letters, digits and @ . _ + -");

        public string? Text(string key, string without = "") => Take(
            key,
            text => text.Length <= LongestText && !text.Any(c => char.IsControl(c) || without.Contains(c, StringComparison.Ordinal)) ? text : null,
            $"a text of at most {LongestText} characters is wanted{(without.Length > 0 ? $", without any of '{without}'" : "")}");

        public string? Url(string key) => Take(
            key, text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Host.Length > 0 ? text : null, "a URL is wanted");

        public int? Number(string key, int least, int most)
        {
            int? number = null;
            Take(
                key,
                text =>
                {
                    number = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value : null;
                    return number is null ? null : text;
                },
                $"a number from {least} to {most} is wanted");
            return number;
        }

        public bool? Flag(string key) =>
            Take(key, text => text.ToLowerInvariant() is "true" or "false" ? text.ToLowerInvariant() : null, "true or false is wanted") is { } word ? word == "true" : null;

        /// <summary>The manual says false or true, the scripts give it to <c>sleep</c>.</summary>
        public TimeSpan Delay(string key)
        {
            var delay = TimeSpan.Zero;
            Take(
                key,
                text =>
                {
                    switch (text.ToLowerInvariant())
                    {
                        case "false":
                            return text;
                        case "true":
                            delay = TimeSpan.FromSeconds(1);
                            return text;
                        default:
                            if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) || seconds > 3600)
                            {
                                return null;
                            }

                            delay = TimeSpan.FromSeconds(seconds);
                            return text;
                    }
                },
                "seconds are wanted, at most 3600");
            return delay;
        }

        public ImmutableArray<string> List(string key, char separator, Func<string, bool> isItem, string what)
        {
            ImmutableArray<string> items = [];
            Take(
                key,
                text =>
                {
                    items = [.. text.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
                    return items.All(isItem) ? text : null;
                },
                $"{what} are wanted");
            return Problems.ContainsKey(key) ? [] : items;
        }

        private string? Take(string key, Func<string, string?> read, string wanted)
        {
            if (config[key] is not { } text)
            {
                return null;
            }

            var value = read(text);
            if (value is null)
            {
                Problems[key] = $"{key} in .ci/config is '{Git.GitText.Clean(text.Length > 80 ? text[..80] + "..." : text)}', and {wanted}";
            }

            return value;
        }
    }
}
