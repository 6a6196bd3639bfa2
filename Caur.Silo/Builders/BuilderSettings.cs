using System.Globalization;
using Caur.Builder.Link;
using Caur.Silo.Configuration;

namespace Caur.Silo.Builders;

/// <summary>What <c>caur builder</c> was told.</summary>
internal sealed record BuilderSettings
{
    /// <summary>The data folder; the agent works in <c>builder</c> in it unless <c>SHARED_PATH</c> says otherwise.</summary>
    public required string DataFolder { get; init; }

    /// <summary>How many builds run at the same time.</summary>
    public required int Slots { get; init; }

    /// <summary>Ends after one build.</summary>
    public bool Once { get; init; }

    /// <summary>The way to the gateway.</summary>
    public required LinkAgentOptions Link { get; init; }

    /// <summary>The environment.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>How many builds run at the same time when nobody says so: as in the hub.</summary>
    public static int DefaultSlots => Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>What the environment says that a builder cannot mean, a line each.</summary>
    public static IReadOnlyList<string> Problems(Func<string, string?> variable) =>
    [
        .. SettingTable.OfBuilders
            .SelectMany(setting => setting.Variables.Select(name => (Setting: setting, Name: name, Text: variable(name))))
            .Where(one => one.Text is { Length: > 0 })
            .Select(one => one.Setting.Kind.Problem(one.Text!) is { } allowed ? $"{one.Name} must be {allowed}, not '{Shown.Text(one.Text!)}'" : null)
            .OfType<string>(),
    ];

    /// <summary>A setting that is a number and was found to be one.</summary>
    public static int? Number(Func<string, string?> variable, string name) =>
        variable(name) is { Length: > 0 } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
