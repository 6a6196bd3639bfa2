using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

/// <summary>Why a container's time was over.</summary>
internal enum EndCause
{
    /// <summary>It ended by itself.</summary>
    Exited,

    /// <summary>Its wall time ran out.</summary>
    WallTime,

    /// <summary>It said nothing for too long.</summary>
    Silence,

    /// <summary>Somebody asked for it.</summary>
    Stopped,
}

/// <summary>How a container ended.</summary>
/// <param name="Cause">Why its time was over.</param>
/// <param name="ExitCode">Null when it could not be learnt.</param>
/// <param name="OutOfMemory">The kernel ended a process in it for want of memory.</param>
/// <param name="Stop">The wish, with <see cref="EndCause.Stopped"/>.</param>
internal sealed record ContainerEnd(EndCause Cause, int? ExitCode, bool OutOfMemory, StopRequest? Stop = null);

/// <summary>An outcome with its one line for people.</summary>
internal sealed record Verdict(AttemptOutcome Outcome, string Message)
{
    private const int AlreadyBuiltCode = 13;
    private const int EnvironmentCode = 120;
    private const int FullDiskCode = 121;
    private const int OutOfMemoryCode = 122;
    private const int TimeoutCode = 124;

    /// <summary>128 and the signal's number, as shells and engines tell it: SIGKILL and SIGTERM.</summary>
    private const int KilledCode = 137;
    private const int TerminatedCode = 143;

    /// <summary>Nothing is to be made.</summary>
    public static Verdict AlreadyBuilt { get; } = new(AttemptOutcome.AlreadyBuilt, "This version is in the target repository already.");

    /// <summary>The disk on which containers run has no room, as process 1 of one found: no process of a package can end it with that code.</summary>
    public static Verdict EngineFull { get; } = new(
        AttemptOutcome.SystemError,
        "the container engine's disk is full, the log says how full; make room where the engine keeps its containers, or move that (data-root of docker, graphroot of podman)");

    /// <summary>Judges a container's end. An exit code of 0 is only a claim: the archives decide.</summary>
    public static Verdict Of(ContainerEnd end, int skipCode, TimeSpan timeout, TimeSpan stallTimeout, long? memoryLimit) => end switch
    {
        { Cause: EndCause.Stopped, Stop: { } stop } => Of(stop),
        { Cause: EndCause.WallTime } => TimedOut(timeout),
        { Cause: EndCause.Silence } => new(
            AttemptOutcome.Stalled,
            $"The build said nothing for {Text(stallTimeout)} and was ended. It may wait for an answer, or hang; a package that works this long in "
                + "silence should say something now and then."),
        { ExitCode: 0 } => new(AttemptOutcome.Built, ""),
        { ExitCode: AlreadyBuiltCode } => AlreadyBuilt,
        { ExitCode: TimeoutCode } => TimedOut(timeout),
        { ExitCode: { } code } when code == skipCode => new(AttemptOutcome.Skipped, $"The package's own files decided against a build (code {code})."),
        { OutOfMemory: true } or { ExitCode: OutOfMemoryCode } => new(
            AttemptOutcome.OutOfMemory,
            "The build ran out of memory and the kernel ended a process of it"
                + (memoryLimit is { } limit ? $" (limit {limit / (1024 * 1024)} MiB, BUILDER_LIMITS_RAM)." : ".")
                + " It needs a builder with more memory, or fewer parallel jobs in MAKEFLAGS."),
        { ExitCode: FullDiskCode } => EngineFull,
        { ExitCode: EnvironmentCode } => new(
            AttemptOutcome.SystemError,
            "The build environment could not be prepared; the package did nothing wrong. The lines above say whether the image, a key or a repository was at fault."),
        { ExitCode: KilledCode or TerminatedCode } => new(
            AttemptOutcome.SystemError,
            $"The container was ended from outside (code {end.ExitCode}): neither the farm nor a limit of memory did it, and the package did nothing wrong. "
                + "Somebody stopped it, or the container engine or the machine went down."),
        { ExitCode: null } => new(AttemptOutcome.SystemError, "The container's end could not be learnt: it was removed by somebody else."),
        _ => new(AttemptOutcome.Failed, $"The package does not build: the build ended with code {end.ExitCode}{Meaning(end.ExitCode)}."),
    };

    public static Verdict Of(StopRequest stop) => stop.Kind switch
    {
        StopKind.Cancelled => new(AttemptOutcome.Cancelled, $"Cancelled: {stop.Reason}"),
        _ => new(AttemptOutcome.HandedBack, $"Handed back: {stop.Reason}"),
    };

    public static Verdict SystemError(string message) => new(AttemptOutcome.SystemError, message);

    /// <summary>Somebody else may try it; the attempt does not count.</summary>
    public static Verdict HandedBack(string problem) => new(AttemptOutcome.HandedBack, $"Handed back: {problem}");

    public static Verdict Failed(string message) => new(AttemptOutcome.Failed, message);

    private static Verdict TimedOut(TimeSpan timeout) => new(
        AttemptOutcome.TimedOut,
        $"The build took longer than its {Text(timeout)} and was ended. BUILDER_TIMEOUT sets the time for all, BUILDER_EXTRA_TIMEOUT in .CI/config for one package.");

    // makepkg's own codes: makepkg(8), "Errors".
    private static string Meaning(int? code) => code switch
    {
        4 => " (a function in the PKGBUILD failed)",
        8 => " (a dependency could not be installed)",
        12 => " (an error in the PKGBUILD)",
        _ => "",
    };

    private static string Text(TimeSpan time) => time >= TimeSpan.FromMinutes(2) ? $"{time.TotalMinutes:0.#} minutes" : $"{time.TotalSeconds:0.#} s";
}
