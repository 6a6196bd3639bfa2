using System.CommandLine;

namespace Caur.Silo.Cli;

/// <summary><c>caur source</c>: the source repositories, as the farm follows them.</summary>
internal static class SourceVerb
{
    public static Command Create(CliContext context) => new("source", "Shows how the farm follows its source repositories.")
    {
        FarmVerb.Create(context, "list", "Lists the source repositories, how they are followed, and how their last runs ended.", [], async (run, cancellationToken) =>
        {
            var sources = await run.Farm.SourcesAsync(cancellationToken);
            run.Print(sources, () => RunText.Write(context, sources));
            return ExitCodes.Ok;
        }),
    };
}
