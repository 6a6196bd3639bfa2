using Caur.Silo.Configuration;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Configuration;

/// <summary>A file and an environment of a test's own. The required settings are there unless the test says otherwise.</summary>
internal sealed class ConfigurationHarness : IDisposable
{
    public const string Sources = """{"packages":{"url":"https://example.org/x.git"}}""";

    public const string Targets = """{"farm":{}}""";

    private readonly TemporaryFolder _folder = new();

    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal)
    {
        ["PACKAGE_REPOS"] = Sources,
        ["PACKAGE_TARGET_REPOS"] = Targets,
    };

    public string File => _folder["caur.json"];

    public string this[string name] => _folder[name];

    public string? Variable(string name) => Environment.GetValueOrDefault(name);

    public ConfigurationResult Check(string? text = null)
    {
        if (text is not null)
        {
            System.IO.File.WriteAllText(File, text);
        }

        return ConfigurationCheck.Run(text is null ? ConfigurationFile.None : File, Variable);
    }

    /// <summary>What is wrong, with the folder's path left out.</summary>
    public string[] Problems(string? text = null) => [.. Check(text).Problems.Select(Plain)];

    public string[] Notes(string? text = null) => [.. Check(text).Notes.Select(Plain)];

    public void Dispose() => _folder.Dispose();

    private string Plain(ConfigurationProblem problem) => problem.ToString().Replace($"{_folder.Path}/", "", StringComparison.Ordinal);
}
