namespace Caur.Silo.Configuration;

/// <summary>Something that is wrong, or that somebody should know.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Text">The setting, its value with secrets masked, and what is allowed.</param>
internal sealed record ConfigurationProblem(ConfigurationPlace Place, string Text)
{
    public override string ToString() => $"{Place}: {Text}";
}
