using Caur.Pacman;

namespace Caur.Pipelines.Reading;

/// <summary>What was read of a <c>.CI/config</c>.</summary>
/// <param name="Value">Its settings; none when it cannot be used.</param>
/// <param name="Problem">Why it cannot, and what to do; null when it can.</param>
internal sealed record ConfigFile(CiConfig Value, string? Problem)
{
    public static ConfigFile Missing { get; } = new(CiConfig.Empty, null);

    public static ConfigFile TooLarge { get; } = new(CiConfig.Empty, $"its .CI/config cannot be read: it is larger than {CiConfig.MaxSize >> 20} MiB");

    public static ConfigFile NoFile { get; } = new(CiConfig.Empty, "its .CI/config is no plain file; links and submodules are not followed");

    public static ConfigFile Read(ReadOnlySpan<byte> utf8)
    {
        var parsed = CiConfig.Read(utf8);
        return parsed.IsValid ? new ConfigFile(parsed.Value, null) : new ConfigFile(CiConfig.Empty, $"its .CI/config cannot be read: {parsed.Error}");
    }
}
