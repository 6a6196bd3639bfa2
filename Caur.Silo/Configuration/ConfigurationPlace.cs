using System.Globalization;

namespace Caur.Silo.Configuration;

/// <summary>Where a value stands.</summary>
/// <param name="Source">A file's path, or an environment variable's name.</param>
/// <param name="Line">From 1; 0 when the line says nothing.</param>
/// <param name="IsFile">Whether the source is a file.</param>
internal readonly record struct ConfigurationPlace(string Source, int Line, bool IsFile)
{
    /// <summary><c>path:line</c>, as compilers have it, or the variable.</summary>
    public override string ToString() =>
        IsFile ? Line == 0 ? Source : string.Create(CultureInfo.InvariantCulture, $"{Source}:{Line}")
        : Line == 0 ? $"{Source} (environment)"
        : string.Create(CultureInfo.InvariantCulture, $"{Source} (environment, line {Line})");

    public static ConfigurationPlace Variable(string name) => new(name, 0, IsFile: false);

    public static ConfigurationPlace File(string path, int line = 0) => new(path, line, IsFile: true);
}
