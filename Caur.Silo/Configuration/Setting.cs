namespace Caur.Silo.Configuration;

/// <summary>One thing that can be set, in the file and by the environment.</summary>
/// <param name="Name">Its name in the file; a dot separates a section from what is in it.</param>
/// <param name="Variable">The environment variable that wins over the file.</param>
/// <param name="Kind">What may be set.</param>
/// <param name="Default">What counts when nobody sets it, for people.</param>
/// <param name="Meaning">One sentence for people, in Markdown.</param>
internal sealed record Setting(string Name, string Variable, SettingKind Kind, string Default, string Meaning)
{
    /// <summary>Further variables that mean the same; the first that is set counts.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The options it sets, as <c>Class.Property</c>; empty where nothing but the hub's start uses it.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Never shown.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Whether the value may be in a file that <c>VARIABLE_FILE</c>, or <c>name_file</c> in the file, names.</summary>
    public bool MayBeInFile => IsSecret || Kind.IsJson;

    /// <summary>The argument of <c>caur database</c> that wins over both; null for none.</summary>
    public string? Argument { get; init; }

    /// <summary>All variables, the one that wins first.</summary>
    public IEnumerable<string> Variables => [Variable, .. Aliases];

    /// <summary>The last part of the name.</summary>
    public string Key => Name[(Name.LastIndexOf('.') + 1)..];
}
