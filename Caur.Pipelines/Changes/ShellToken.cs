namespace Caur.Pipelines.Changes;

/// <summary>What a token of a shell script is.</summary>
internal enum ShellTokenKind
{
    /// <summary>A word with its quotes and expansions as they are written; <c>\</c> before a newline is gone.</summary>
    Word,

    /// <summary>One of the shell's control or redirection operators.</summary>
    Operator,

    /// <summary>The end of a line.</summary>
    Newline,

    /// <summary>From <c>#</c> to the end of the line.</summary>
    Comment,

    /// <summary>The lines of a here-document up to its delimiter.</summary>
    HereDocument,
}

/// <summary>One token.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">As it is written.</param>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="EndLine">Where it ends.</param>
internal readonly record struct ShellToken(ShellTokenKind Kind, string Text, int Line, int EndLine)
{
    public bool Is(string text) => Kind is ShellTokenKind.Word or ShellTokenKind.Operator && Text == text;

    public bool IsOperator(string text) => Kind is ShellTokenKind.Operator && Text == text;
}
