using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;
using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Api.Hosting;
using Caur.Api.Idempotency;
using Caur.Api.Limits;
using Caur.Api.Link;
using Caur.Builder;
using Caur.Builder.Attempts;
using Caur.Builder.Containers;
using Caur.Builder.Engines;
using Caur.Builder.Images;
using Caur.Builder.Logs;
using Caur.Builder.Sources;
using Caur.Contracts.Farm;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Silo.Web;
using Caur.Storage.Logs;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Configuration;

/// <summary>The table, the reference and what the farm reads say the same, in all directions.</summary>
public sealed partial class ConfigurationReferenceTests
{
    private const string Reference = "docs/configuration.md";

    private static readonly Type[] OptionClasses =
    [
        typeof(FarmOptions), typeof(NotificationOptions), typeof(BuilderOptions), typeof(AttemptOptions), typeof(ContainerOptions), typeof(EngineOptions), typeof(ImageOptions),
        typeof(LogOptions), typeof(SourceOptions), typeof(LogRetention), typeof(RepositoryStoreOptions), typeof(GpgOptions),
        typeof(ReadingOptions), typeof(CrossOriginOptions), typeof(ProxyOptions), typeof(RequestLimits), typeof(RateLimits), typeof(ClientLimits), typeof(IdempotencyOptions), typeof(AuditOptions),
        typeof(WebOptions), typeof(LinkOptions),
    ];

    /// <summary>What nobody is to set: the farm's other parts rely on it, or it follows from something that is set.</summary>
    private static readonly string[] NotSettings =
    [
        // The parts of the builder's options are listed by themselves.
        "BuilderOptions.Engine", "BuilderOptions.Images", "BuilderOptions.Sources", "BuilderOptions.Containers", "BuilderOptions.Attempts", "BuilderOptions.Logs",

        // By the target repositories, the orders, the verb that runs the builder, the builder image.
        "BuilderOptions.Architectures", "ContainerOptions.Packager", "BuilderOptions.SharesWorkspace", "BuilderOptions.Builds", "ContainerOptions.Command",
        "RepositoryStoreOptions.ArchiveFolder",

        // How the parts speak to each other.
        "BuilderOptions.TakeEvery", "BuilderOptions.CallTimeout", "EngineOptions.CallTimeout", "LogOptions.CallTimeout", "LogOptions.FlushInterval",
        "LogOptions.WindowBytes", "ImageOptions.RetryAfter", "SourceOptions.KeepCommits", "AttemptOptions.TimeoutGrace", "BuilderOptions.RefusalGrace", "AttemptOptions.InterruptGrace", "AttemptOptions.TerminateGrace",
        "AttemptOptions.KillGrace", "AttemptOptions.DrainTimeout", "AttemptOptions.UploadRetries", "ContainerOptions.OpenFiles",
        "RepositoryStoreOptions.Limits", "RepositoryStoreOptions.Parallelism", "RepositoryStoreOptions.WritesAtOnce", "GpgOptions.Program", "GpgOptions.Timeout", "GpgOptions.Parallelism",

        // Bounds that nobody honest meets.
        "NotificationOptions.MostWaiting", "NotificationOptions.Timeout",
        "RequestLimits.BodyTime", "RequestLimits.HeaderTime", "RequestLimits.HeaderBytes", "RequestLimits.SlowestWriter", "RequestLimits.SlowestReader",
        "RequestLimits.SlowTime", "IdempotencyOptions.Keep", "IdempotencyOptions.Bytes", "IdempotencyOptions.AnswerBytes", "IdempotencyOptions.Patience",
        "AuditOptions.FileBytes",

        "LinkOptions.PerToken", "LinkOptions.PerAddress",

        // What a reader of 'caur web' may rely on.
        "WebOptions.FreshFor", "WebOptions.ConnectWithin", "WebOptions.LingerFor",
    ];

    [Fact]
    public void Options_AllOfThem_AreSettingsOrMeantNotToBe()
    {
        var properties = OptionClasses
            .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite || property.PropertyType == typeof(IList<string>)).Select(property => $"{type.Name}.{property.Name}"))
            .ToHashSet();
        var set = SettingTable.All.SelectMany(setting => setting.Options).ToHashSet();
        set.Except(properties).ShouldBeEmpty("the table names options that are not there");
        properties.Except(set).Except(NotSettings).ShouldBeEmpty("options that the table does not know");
        NotSettings.Except(properties).ShouldBeEmpty();
        NotSettings.Intersect(set).ShouldBeEmpty();
    }

    [Fact]
    public async Task Variables_ThatAHubReads_AreTheTables()
    {
        using var folder = new TemporaryFolder();
        var asked = new ConcurrentDictionary<string, int>();
        var told = new Dictionary<string, string> { ["PACKAGE_REPOS"] = ConfigurationHarness.Sources, ["PACKAGE_TARGET_REPOS"] = ConfigurationHarness.Targets };
        string? Variable(string name) => told.GetValueOrDefault(name);
        var configuration = ConfigurationCheck.Run(ConfigurationFile.None, Variable);
        configuration.Problems.ShouldBeEmpty();
        await using (var hub = QuietHub.Build(new HubSettings
        {
            DataFolder = DataFolderDefault.Get(Recording(name => name == "CAUR_DATA" ? folder.Path : null)),
            Variable = Recording(configuration.Variable),
        }))
        {
            _ = hub.Services.GetRequiredService<IOptions<BuilderOptions>>().Value;
        }

        DatabaseVerb.Read(new DatabaseVerb.Arguments(null, null, null, null), configuration with { Variable = Recording(configuration.Variable) });
        new WebOptions().ReadEnvironment(Recording(configuration.Variable));
        var known = SettingTable.All.SelectMany(setting => setting.Variables).ToHashSet();
        asked.Keys.Except(known).Where(name => !name.EndsWith("_FILE", StringComparison.Ordinal)).ShouldBeEmpty("a hub reads variables that the table does not know");

        // The check itself asks for all of them: what only it asks for is a setting that nobody uses.
        known.Where(name => asked.GetValueOrDefault(name) < 2).ShouldBeEmpty("settings that nobody uses");

        Func<string, string?> Recording(Func<string, string?> inner) => name =>
        {
            asked.AddOrUpdate(name, 1, static (_, count) => count + 1);
            return inner(name);
        };
    }

    [Fact]
    public async Task Reference_Complete_IsWhatTheTableSays()
    {
        var path = CheckedInText.PathOf(Reference);
        var text = File.Exists(path) ? await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken) : "";
        var parts = Marks().Match(text);
        parts.Success.ShouldBeTrue($"{Reference} has the two marks of the settings");
        var whole = text[..parts.Groups[1].Index] + SettingReference.Markdown() + text[(parts.Groups[1].Index + parts.Groups[1].Length)..];
        await CheckedInText.ShouldBe(Reference, whole, "CAUR_ACCEPT_SETTINGS");

        // And in the other direction: what the prose names is there.
        var known = SettingTable.All.SelectMany(setting => setting.Variables).ToHashSet();
        var prose = text.Remove(parts.Groups[1].Index, parts.Groups[1].Length);
        Variable().Matches(prose).Select(match => match.Value).Distinct()
            .Where(name => !known.Contains(name) && !known.Contains(name.Replace("_FILE", "", StringComparison.Ordinal)))
            .ShouldBeSubsetOf(["CAUR_CONFIG", "CAUR_URL", "CAUR_TOKEN"]);
    }

    [Fact]
    public void Example_InTheReference_IsRight()
    {
        using var told = new ConfigurationHarness();
        told.Environment.Clear();
        var example = Example().Match(File.ReadAllText(CheckedInText.PathOf(Reference))).Groups[1].Value;
        told.Problems(example).ShouldBeEmpty();
        told.Check(example).Values.Count.ShouldBeGreaterThan(5);
    }

    [GeneratedRegex(@"<!-- settings -->\n(.*?)<!-- end of settings -->", RegexOptions.Singleline)]
    private static partial Regex Marks();

    [GeneratedRegex(@"\b(CAUR|BUILDER|PACKAGE|OTEL)_[A-Z_]+[A-Z]\b")]
    private static partial Regex Variable();

    [GeneratedRegex(@"```jsonc\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
