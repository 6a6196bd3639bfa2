using System.Text;

namespace Caur.Silo.Configuration;

/// <summary>The reference of all settings in Markdown; docs/configuration.md has it between two marks.</summary>
internal static class SettingReference
{
    /// <summary>A table for each section of the file.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder();
        foreach (var section in SettingTable.All.GroupBy(setting => setting.Name.Contains('.', StringComparison.Ordinal) ? setting.Name.Split('.')[0] : ""))
        {
            text.Append(section.Key.Length == 0 ? "### Without a section\n\n" : $"### {section.Key}\n\n");
            text.Append("| in the file | variable | meaning | allowed | default |\n|---|---|---|---|---|\n");
            foreach (var setting in section)
            {
                text.Append($"| `{setting.Name}` | {Variables(setting)} | {Cell(setting.Meaning)} | {Allowed(setting)} | {Cell(setting.Default)} |\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Variables(Setting setting)
    {
        var variables = string.Join(", ", setting.Variables.Select(variable => $"`{variable}`"));
        return setting switch
        {
            { MayBeInFile: true } => $"{variables}, `{setting.Variable}_FILE`",
            { Argument: { } argument } => $"`{argument}`, {variables}",
            _ => variables,
        };
    }

    private static string Allowed(Setting setting) => setting.Kind.IsJson ? $"`{setting.Kind.Allowed.Split("}, with")[0]}{(setting.Kind.Allowed.Contains("}, with", StringComparison.Ordinal) ? "}" : "")}`"
        : Cell(setting.Kind.Allowed);

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("\n", " ", StringComparison.Ordinal);
}
