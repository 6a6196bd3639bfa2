using System.CommandLine;

namespace Caur.Silo.Cli;

/// <summary><c>caur package</c>: what is known of a package before it is built.</summary>
internal static class PackageVerb
{
    private static readonly Argument<string> Pkgbase = new("pkgbase") { Description = "The package folder." };

    public static Command Create(CliContext context) => new("package", "Says what is known of a package.")
    {
        FarmVerb.Create(
            context,
            "why",
            "Says what is followed of a package, when a run last looked, what was decided, and why. 'caur build why' says it of its builds.",
            [Pkgbase, SourceChoice.Source],
            async (run, cancellationToken) =>
            {
                var source = await SourceChoice.ReadAsync(run, cancellationToken);
                var why = await run.Farm.WhyAsync(source, run.Result.GetRequiredValue(Pkgbase), cancellationToken);
                run.Print(why, () => RunText.Write(context, why));
                return ExitCodes.Ok;
            }),
    };
}
