namespace Caur.Silo.Cli;

/// <summary>What the exit codes of <c>caur</c> mean; they are part of its interface.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Unreachable = 3;
    public const int TokenRefused = 4;

    /// <summary>128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;

    /// <summary>All of them, for the help and docs/command-line.md.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Ok, "done, and all that was asked for came out well"),
        (Failed, "the farm said no, or something failed"),
        (Usage, "wrong usage, or a setting that cannot work"),
        (Unreachable, "the server cannot be reached, or was lost on the way"),
        (TokenRefused, "a token is missing or was refused"),
        (Interrupted, "ended by Ctrl-C or a signal; what was ordered goes on"),
    ];

    /// <summary>For the help.</summary>
    public static string Help { get; } = "Exit codes:\n" + string.Join('\n', All.Select(one => $"  {one.Code,-3}  {one.Meaning}"));
}
