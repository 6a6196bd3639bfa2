namespace Caur.Silo.Configuration;

/// <summary>What file and environment say together.</summary>
internal sealed record ConfigurationResult
{
    /// <summary>The file that was read; null when there is none.</summary>
    public required string? File { get; init; }

    /// <summary>Everything that is wrong, in the order of file and table. A farm does not start with any.</summary>
    public required IReadOnlyList<ConfigurationProblem> Problems { get; init; }

    /// <summary>What somebody should know all the same.</summary>
    public required IReadOnlyList<ConfigurationProblem> Notes { get; init; }

    /// <summary>What is set, in the order of the table.</summary>
    public required IReadOnlyList<ConfigurationValue> Values { get; init; }

    /// <summary>Reads a setting by its variable, whether environment or file sets it. A variable that is no setting's is the
    /// environment's own.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>What is wrong as lines; empty when nothing is.</summary>
    public string ProblemText => string.Join(Environment.NewLine, Problems);
}

/// <summary>A setting that is set.</summary>
/// <param name="Setting">Which.</param>
/// <param name="Text">Its value in the form of the variable. May be a secret: <see cref="ShownText"/> is for people.</param>
/// <param name="Place">Who sets it.</param>
internal sealed record ConfigurationValue(Setting Setting, string Text, ConfigurationPlace Place)
{
    /// <summary>The value without secrets.</summary>
    public string ShownText => Setting.IsSecret ? Shown.Mask : Shown.Text(Text);
}
