using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Pacman;

namespace Caur.Storage.Provenance;

/// <summary>One build's provenance: an in-toto statement (in-toto attestation framework, Statement v1) with SLSA provenance v1
/// (slsa.dev/spec/v1.0/provenance) as its predicate. It names what was built with its hashes, of which commit, in which image, by whom, and
/// with which packages installed. Its bytes follow from what goes in: the same build gives the same ones again.</summary>
public static class ProvenanceStatement
{
    /// <summary>The type of the statement.</summary>
    public const string StatementType = "https://in-toto.io/Statement/v1";

    /// <summary>The type of its predicate.</summary>
    public const string PredicateType = "https://slsa.dev/provenance/v1";

    /// <summary>How the farm builds: makepkg in a fresh container of the image, by builder/README.md. docs/publication.md says what the
    /// parameters mean.</summary>
    public const string BuildType = "urn:caur:build:makepkg:v1";

    /// <summary>The greatest statement that is read, in bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>The statement of one build.</summary>
    /// <param name="origin">What the farm knows of it.</param>
    /// <param name="subjects">All that it made.</param>
    /// <param name="target">The repository that it is published in, <c>name/arch</c>.</param>
    /// <param name="pkgbase">The package folder.</param>
    /// <param name="recipe">The .BUILDINFO of one of its archives, if there is one.</param>
    /// <returns>UTF-8, with a line end.</returns>
    public static byte[] Write(
        BuildOrigin origin, IEnumerable<ProvenanceSubject> subjects, string target, string pkgbase, BuildInfo? recipe)
    {
        var git = origin.SourceUrl is { } url ? $"git+{url}" : null;
        var statement = new Statement
        {
            Type = StatementType,
            Subject = [.. subjects.OrderBy(subject => subject.Name, StringComparer.Ordinal).Select(subject => new Resource { Name = subject.Name, Digest = Sha256(subject.Sha256) })],
            PredicateType = PredicateType,
            Predicate = new Predicate
            {
                BuildDefinition = new BuildDefinition
                {
                    BuildType = BuildType,
                    ExternalParameters = new ExternalParameters
                    {
                        SourceRepository = origin.SourceRepository,
                        Source = git,
                        Commit = origin.Commit,
                        Pkgbase = pkgbase,
                        Target = target,
                        Config = new SortedDictionary<string, string>(origin.Parameters.ToDictionary(), StringComparer.Ordinal),
                    },
                    InternalParameters = new InternalParameters { Image = origin.Image },
                    ResolvedDependencies = [.. Dependencies(origin, git, pkgbase, recipe)],
                },
                RunDetails = new RunDetails
                {
                    Builder = new Builder
                    {
                        Id = $"urn:caur:builder:{Uri.EscapeDataString(origin.Builder).Replace("%2F", "/", StringComparison.Ordinal)}",
                        Version = new Dictionary<string, string> { ["caur"] = origin.FarmVersion },
                    },
                    Metadata = new Metadata
                    {
                        InvocationId = string.Create(CultureInfo.InvariantCulture, $"{origin.Build}#{origin.Attempt}"),
                        StartedOn = Time(origin.Started),
                        FinishedOn = Time(origin.Finished),
                    },
                },
            },
        };
        return [.. JsonSerializer.SerializeToUtf8Bytes(statement, ProvenanceJsonContext.Default.Statement), (byte)'\n'];
    }

    /// <summary>What is wrong with a statement as one of a package.</summary>
    /// <param name="utf8">The statement's bytes.</param>
    /// <param name="fileName">The package's file.</param>
    /// <param name="sha256">Its hash, in lower-case hexadecimal.</param>
    /// <returns>For people; null when it is one, and says what the package is.</returns>
    public static string? Problem(ReadOnlySpan<byte> utf8, string fileName, string? sha256)
    {
        Statement? statement;
        try
        {
            statement = JsonSerializer.Deserialize(utf8, ProvenanceJsonContext.Default.Statement);
        }
        catch (JsonException error)
        {
            return $"it is no statement: {error.Message}";
        }

        if (statement is not { Type: StatementType, PredicateType: PredicateType, Predicate.BuildDefinition.BuildType: BuildType })
        {
            return "it is no statement of a build of this farm";
        }

        var subject = statement.Subject?.FirstOrDefault(subject => subject?.Name == fileName);
        return subject is null ? "it is not about this package"
            : subject.Digest?.GetValueOrDefault("sha256") != sha256 ? "it is about other content of this package"
            : null;
    }

    private static IEnumerable<Resource> Dependencies(BuildOrigin origin, string? git, string pkgbase, BuildInfo? recipe)
    {
        yield return new Resource
        {
            Name = origin.SourceRepository,
            Uri = git,
            Digest = new Dictionary<string, string> { ["gitCommit"] = origin.Commit },
        };
        if (recipe?.PkgbuildSha256 is { Length: > 0 } sum)
        {
            yield return new Resource { Name = $"{pkgbase}/PKGBUILD, as it was built", Digest = Sha256(sum) };
        }

        if (origin.ImageDigest is { } image)
        {
            yield return new Resource
            {
                Name = origin.Image,
                Digest = Sha256(image.Contains("sha256:", StringComparison.Ordinal) ? image[(image.LastIndexOf("sha256:", StringComparison.Ordinal) + 7)..] : image),
            };
        }

        foreach (var installed in (recipe?.Installed ?? []).Order(StringComparer.Ordinal))
        {
            yield return Package(installed);
        }
    }

    /// <summary>A package that was installed, <c>name-version-arch</c>, as a package URL of the type <c>alpm</c> (purl-spec).</summary>
    private static Resource Package(string installed)
    {
        var arch = installed.LastIndexOf('-');
        var release = arch > 0 ? installed.LastIndexOf('-', arch - 1) : -1;
        var version = release > 0 ? installed.LastIndexOf('-', release - 1) : -1;
        return version <= 0
            ? new Resource { Name = installed }
            : new Resource
            {
                Name = installed,
                Uri = $"pkg:alpm/arch/{Uri.EscapeDataString(installed[..version].ToLowerInvariant())}@{Uri.EscapeDataString(installed[(version + 1)..arch])}?arch={Uri.EscapeDataString(installed[(arch + 1)..])}",
            };
    }

    private static Dictionary<string, string> Sha256(string hex) => new() { ["sha256"] = hex };

    private static string? Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    internal sealed record Statement
    {
        [JsonPropertyName("_type")]
        public string? Type { get; init; }

        public IReadOnlyList<Resource?>? Subject { get; init; }

        public string? PredicateType { get; init; }

        public Predicate? Predicate { get; init; }
    }

    internal sealed record Predicate
    {
        public BuildDefinition? BuildDefinition { get; init; }

        public RunDetails? RunDetails { get; init; }
    }

    internal sealed record BuildDefinition
    {
        public string? BuildType { get; init; }

        public ExternalParameters? ExternalParameters { get; init; }

        public InternalParameters? InternalParameters { get; init; }

        public IReadOnlyList<Resource>? ResolvedDependencies { get; init; }
    }

    /// <summary>What whoever ordered the build decided.</summary>
    internal sealed record ExternalParameters
    {
        public string? SourceRepository { get; init; }

        public string? Source { get; init; }

        public string? Commit { get; init; }

        public string? Pkgbase { get; init; }

        public string? Target { get; init; }

        public SortedDictionary<string, string>? Config { get; init; }
    }

    /// <summary>What the farm decided.</summary>
    internal sealed record InternalParameters
    {
        public string? Image { get; init; }
    }

    internal sealed record RunDetails
    {
        public Builder? Builder { get; init; }

        public Metadata? Metadata { get; init; }
    }

    internal sealed record Builder
    {
        public string? Id { get; init; }

        public IReadOnlyDictionary<string, string>? Version { get; init; }
    }

    internal sealed record Metadata
    {
        public string? InvocationId { get; init; }

        public string? StartedOn { get; init; }

        public string? FinishedOn { get; init; }
    }

    /// <summary>A resource descriptor of in-toto.</summary>
    internal sealed record Resource
    {
        public string? Name { get; init; }

        public string? Uri { get; init; }

        public IReadOnlyDictionary<string, string>? Digest { get; init; }
    }
}

/// <summary>Something that a build made.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Sha256">Its hash, in lower-case hexadecimal.</param>
public readonly record struct ProvenanceSubject(string Name, string Sha256);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProvenanceStatement.Statement))]
internal sealed partial class ProvenanceJsonContext : JsonSerializerContext;
