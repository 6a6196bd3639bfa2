using System.CommandLine;
using Caur.Api.Builders;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary><c>caur builder</c>: what builds, and the manual's verb that starts it.</summary>
internal static class BuilderVerb
{
    private const string Description =
        """
        Lists builders, and lets them take no more builds, or take them again.

        Without a verb it is the manual's 'builder': joins the farm at --server over one outbound connection, with a builder's token in CAUR_TOKEN
        or a file that CAUR_TOKEN_FILE names, and builds until it is ended. SIGTERM gives back what runs, or finishes it
        (CAUR_BUILDER_SHUTDOWN, CAUR_BUILDER_SHUTDOWN_TIME). docs/builders.md says how to add a machine.
        """;

    private static readonly Argument<string> Builder = new("builder") { Description = "Its name, which means all agents of that name, or name/instance." };

    public static Command Create(CliContext context)
    {
        var command = new Command("builder", Description)
        {
            CreateList(context),
            CreateDrain(context, "drain", "Lets a builder take no more builds, also over restarts. What it runs goes on.", drain: true),
            CreateDrain(context, "resume", "Lets a builder take builds again.", drain: false),
        };
        BuilderRun.AddTo(command, context);
        return command;
    }

    private static Command CreateList(CliContext context) => FarmVerb.Create(context, "list", "Lists the builders, what they are and what they run.", [], async (run, cancellationToken) =>
    {
        var builders = await run.Farm.BuildersAsync(cancellationToken);
        run.Print(builders, () => BuilderText.Write(context, builders));
        return ExitCodes.Ok;
    });

    private static Command CreateDrain(CliContext context, string name, string description, bool drain) => FarmVerb.Create(
        context, name, description, [Builder], async (run, cancellationToken) =>
        {
            var text = run.Result.GetRequiredValue(Builder);
            var known = await run.Farm.BuildersAsync(cancellationToken);
            var meant = known.Where(builder => builder.Builder.Name == text || builder.Builder.ToString() == text).ToList();
            if (meant.Count == 0)
            {
                var nearest = NearestNames.Of(text, known.Select(builder => builder.Builder.Name).Distinct());
                throw new FarmException(
                    ExitCodes.Failed,
                    $"no builder '{text}' is known{(nearest.Count > 0 ? $"; did you mean {string.Join(" or ", nearest)}?" : known.Count > 0 ? $"; known: {string.Join(", ", known.Select(builder => builder.Builder))}" : "")}");
            }

            var now = new List<BuilderBody>();
            foreach (var builder in meant)
            {
                now.Add(await run.Farm.DrainAsync(builder.Builder, drain, cancellationToken));
            }

            run.Print(now, () => BuilderText.WriteLines(context, now));
            return ExitCodes.Ok;
        });
}
