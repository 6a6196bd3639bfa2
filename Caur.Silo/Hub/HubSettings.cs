using System.Globalization;
using System.Text.Json;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;

namespace Caur.Silo.Hub;

/// <summary>What the <c>database</c> verb was told, by arguments and environment.</summary>
internal sealed record HubSettings
{
    /// <summary>The data folder.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The port of the gateway on all addresses; 0 takes a free one. Default: 8080.</summary>
    public int WebPort { get; init; } = 8080;

    /// <summary>Whether builds run in this process too. Default: true.</summary>
    public bool RunAgent { get; init; } = true;

    /// <summary>How many builds run here at the same time. Default: one per two processors, at least one.</summary>
    public int Slots { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Reads an environment variable of the manual or of Caur's own.</summary>
    public required Func<string, string?> Variable { get; init; }
}

/// <summary>Reads the farm's options from the manual's environment variables.</summary>
internal static class FarmEnvironment
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNameCaseInsensitive = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>Takes what is set and leaves the rest.</summary>
    /// <exception cref="FormatException">A variable cannot be read; the message names it and says what it was to be.</exception>
    public static void Read(FarmOptions farm, Func<string, string?> variable)
    {
        foreach (var (id, source) in Parse<SourceRepositoryOptions>("PACKAGE_REPOS", """{"id":{"url":"https://..."}}"""))
        {
            farm.SourceRepositories[id] = source ?? new SourceRepositoryOptions();
        }

        foreach (var (name, target) in Parse<TargetBody>("PACKAGE_TARGET_REPOS", """{"name":{"extra_repos":[],"extra_keyrings":[]}}"""))
        {
            farm.TargetRepositories[name] = new TargetRepositoryOptions
            {
                Architectures = target?.Architectures ?? ["x86_64"],
                ExtraRepositories = target?.ExtraRepos ?? [],
                ExtraKeyrings = target?.ExtraKeyrings ?? [],
            };
        }

        farm.BuilderImage = Value("BUILDER_IMAGE") ?? Value("CAUR_BUILDER_IMAGE") ?? farm.BuilderImage;
        farm.RepositoryUrl = Value("CAUR_REPOSITORY_URL") ?? farm.RepositoryUrl;
        farm.LogsUrl = Value("LOGS_URL") ?? farm.LogsUrl;
        farm.Packager = Value("PACKAGER") ?? farm.Packager;
        farm.BuildTimeout = Seconds("BUILDER_TIMEOUT") ?? farm.BuildTimeout;
        farm.StallTimeout = Seconds("CAUR_STALL_TIMEOUT") ?? farm.StallTimeout;

        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;

        TimeSpan? Seconds(string name) => Value(name) is not { } text
            ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromSeconds(seconds)
                : throw new FormatException($"{name} must be a number of seconds, not '{text}'");

        Dictionary<string, T?> Parse<T>(string name, string form)
        {
            if (Value(name) is not { } text)
            {
                return [];
            }

            try
            {
                return JsonSerializer.Deserialize<Dictionary<string, T?>>(text, Json) ?? [];
            }
            catch (JsonException json)
            {
                throw new FormatException($"{name} must be JSON of the form {form}: {json.Message}");
            }
        }
    }

    private sealed record TargetBody(List<string>? Architectures, List<ExtraRepository>? ExtraRepos, List<string>? ExtraKeyrings);
}

/// <summary>Refuses what could not work, at start, with a line that says what to do.</summary>
internal static class FarmOptionsCheck
{
    public static IEnumerable<string> Problems(FarmOptions farm)
    {
        if (farm.SourceRepositories.Count == 0)
        {
            yield return """PACKAGE_REPOS names no source repository; it wants {"id":{"url":"https://..."}}""";
        }

        if (farm.TargetRepositories.Count == 0)
        {
            yield return """PACKAGE_TARGET_REPOS names no target repository; it wants {"name":{}}""";
        }

        foreach (var (id, source) in farm.SourceRepositories)
        {
            if (!Names.IsValid(id))
            {
                yield return $"PACKAGE_REPOS: '{id}' is no name: letters, digits and @ . _ + - are allowed";
            }

            if (string.IsNullOrWhiteSpace(source?.Url) || source.Url.StartsWith('-'))
            {
                yield return $"PACKAGE_REPOS: {id} has no url that git can fetch";
            }
        }

        foreach (var (name, target) in farm.TargetRepositories)
        {
            if (!Names.IsValid(name))
            {
                yield return $"PACKAGE_TARGET_REPOS: '{name}' is no name: letters, digits and @ . _ + - are allowed";
            }

            foreach (var arch in target.Architectures.Where(arch => !Names.IsValidArch(arch) || arch == "any"))
            {
                yield return $"PACKAGE_TARGET_REPOS: {name} cannot be built for '{arch}'";
            }
        }

        foreach (var (name, target) in farm.TargetRepositories.Where(pair => pair.Value.ExtraKeyrings.Count > 0))
        {
            yield return $"PACKAGE_TARGET_REPOS: {name} has extra_keyrings, which this version cannot install in builds yet; leave them out "
                + "and use a builder image that trusts those keys";
        }

        if (farm.BuildTimeout <= TimeSpan.Zero)
        {
            yield return "BUILDER_TIMEOUT must be more than zero seconds";
        }
    }
}
