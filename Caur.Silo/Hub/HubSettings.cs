using System.Globalization;
using System.Text.Json;
using Caur.Contracts.Farm;
using Caur.Silo.Configuration;

namespace Caur.Silo.Hub;

/// <summary>What the <c>database</c> verb was told, by arguments, environment and file.</summary>
internal sealed record HubSettings
{
    /// <summary>The data folder.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The port of the gateway on all addresses; 0 takes a free one. Default: 8080.</summary>
    public int WebPort { get; init; } = 8080;

    /// <summary>Whether this is a gateway of a cluster alone: no grain, no key, no build. Default: false.</summary>
    public bool IsGateway { get; init; }

    /// <summary>Whether builds run in this process too. Default: true.</summary>
    public bool RunAgent { get; init; } = true;

    /// <summary>How many builds run here at the same time. Default: one per two processors, at least one.</summary>
    public int Slots { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Reads a setting by its environment variable, the manual's or Caur's own; the file may have set it.</summary>
    public required Func<string, string?> Variable { get; init; }
}

/// <summary>Reads the farm's options from the manual's environment variables.</summary>
internal static class FarmEnvironment
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>Takes what is set and leaves the rest. What is wrong was told by <see cref="ConfigurationCheck"/> before.</summary>
    public static void Read(FarmOptions farm, Func<string, string?> variable)
    {
        foreach (var (id, source) in Parse<SourceBody>("PACKAGE_REPOS"))
        {
            farm.SourceRepositories[id] = new SourceRepositoryOptions
            {
                Url = source.Url ?? "",
                HoldDependants = source.HoldDependants ?? true,
                Follow = source.Follow,
                WebhookSecret = Secret(source.WebhookSecret, source.WebhookSecretFile),
                Schedule = source.Schedule,
                Triggers = source.Triggers ?? [],
                Token = Secret(source.Token, source.TokenFile),
                AurKey = Secret(source.AurKey, source.AurKeyFile),
            };
        }

        foreach (var (name, target) in Parse<TargetBody>("PACKAGE_TARGET_REPOS"))
        {
            farm.TargetRepositories[name] = new TargetRepositoryOptions
            {
                Architectures = target.Architectures ?? ["x86_64"],
                ExtraRepositories = target.ExtraRepos ?? [],
                ExtraKeyrings = target.ExtraKeyrings ?? [],
            };
        }

        foreach (var (id, notifier) in Parse<NotifierBody>("PACKAGE_REPOS_NOTIFIERS"))
        {
            farm.Notifiers[id] = new NotifierOptions
            {
                Project = notifier.Id ?? "",
                Token = notifier.Token ?? (notifier.TokenFile is { } file ? SecretFile.Read(file, out _) : null) ?? "",
                CheckName = notifier.CheckName ?? "",
                Kind = notifier.Kind switch { "gitlab" => NotifierKind.GitLab, "github" => NotifierKind.GitHub, _ => null },
                Url = notifier.Url,
            };
        }

        farm.BuilderImage = Value("BUILDER_IMAGE") ?? Value("CAUR_BUILDER_IMAGE") ?? farm.BuilderImage;
        farm.RepositoryUrl = Value("CAUR_REPOSITORY_URL") ?? farm.RepositoryUrl;
        farm.LogsUrl = Value("LOGS_URL") ?? farm.LogsUrl;
        farm.Packager = Value("PACKAGER") ?? farm.Packager;
        farm.BuildTimeout = Seconds("BUILDER_TIMEOUT") ?? farm.BuildTimeout;
        farm.StallTimeout = Seconds("CAUR_STALL_TIMEOUT") ?? farm.StallTimeout;
        farm.Lease = Seconds("CAUR_LEASE") ?? farm.Lease;
        farm.Follow = Value("CAUR_FOLLOW") is { } follow ? follow == "true" : farm.Follow;
        farm.FollowInterval = Seconds("CAUR_FOLLOW_INTERVAL") ?? farm.FollowInterval;

        farm.AurUrl = Value("CAUR_AUR_URL")?.TrimEnd('/') ?? farm.AurUrl;
        farm.ScriptsImage = Value("CAUR_SCRIPTS_IMAGE") ?? farm.ScriptsImage;

        static string? Secret(string? text, string? file) => text ?? (file is null ? null : SecretFile.Read(file, out _));

        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;

        TimeSpan? Seconds(string name) =>
            Value(name) is { } text ? TimeSpan.FromSeconds(int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)) : null;

        Dictionary<string, T> Parse<T>(string name) =>
            Value(name) is { } text ? JsonSerializer.Deserialize<Dictionary<string, T>>(text, Json) ?? [] : [];
    }

    private sealed record SourceBody(string? Url, bool? HoldDependants, bool? Follow, string? WebhookSecret, string? WebhookSecretFile)
    {
        public string? Schedule { get; init; }

        public Dictionary<string, string>? Triggers { get; init; }

        public string? Token { get; init; }

        public string? TokenFile { get; init; }

        public string? AurKey { get; init; }

        public string? AurKeyFile { get; init; }
    }

    private sealed record TargetBody(List<string>? Architectures, List<ExtraRepository>? ExtraRepos, List<string>? ExtraKeyrings);

    private sealed record NotifierBody(string? Id, string? Token, string? TokenFile, string? CheckName, string? Kind, string? Url);
}
