namespace Caur.Pacman;

/// <summary>Which of the two databases of a repository.</summary>
public enum DatabaseKind
{
    /// <summary><c>NAME.db</c>: a <c>desc</c> for each package.</summary>
    Packages,

    /// <summary><c>NAME.files</c>: the same with a list of files for each package that has one.</summary>
    Files,
}
