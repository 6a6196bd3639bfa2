using System.Globalization;
using Caur.Api.Builders;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary>Builders for people.</summary>
internal static class BuilderText
{
    /// <summary>A table with what each is and has.</summary>
    public static void Write(CliContext context, IReadOnlyList<BuilderBody> builders)
    {
        if (builders.Count == 0)
        {
            context.Out.WriteLine("No builder is known.");
            return;
        }

        var table = context.NewTable("BUILDER", "STATE", "BUSY", "CLASS", "ARCH", "LABELS", "RUNS", "PROBLEM");
        foreach (var builder in builders)
        {
            table.AddRow(
                new Text(builder.Builder.ToString()),
                new Text(builder.State.ToString()),
                new Text(string.Create(CultureInfo.InvariantCulture, $"{builder.Busy}/{builder.Slots}")),
                new Text(Said(builder.Class)),
                new Text(Said(string.Join(' ', builder.Architectures))),
                new Text(Said(string.Join(' ', builder.Labels))),
                new Text(string.Join(' ', builder.Running.Select(running => running.Build.Pkgbase))),
                new Text(Said(builder.Problem)));
        }

        context.Write(table);
    }

    /// <summary>A line for each, below a queue.</summary>
    public static void WriteLines(CliContext context, IReadOnlyList<BuilderBody> builders)
    {
        if (builders.Count == 0)
        {
            context.Out.WriteLine("No builder is known.");
        }

        foreach (var builder in builders)
        {
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"builder {builder.Builder}: {builder.Busy} of {builder.Slots} busy, class {Said(builder.Class)}{State(builder)}"));
        }
    }

    /// <summary>What a builder said, without what a terminal would obey.</summary>
    private static string Said(string text) => BuilderWords.OneLine(text);

    private static string State(BuilderBody builder) => builder switch
    {
        { State: Contracts.Events.BuilderPresence.Lost } => ", not heard of lately",
        { Problem.Length: > 0 } => $", cannot run builds: {Said(builder.Problem)}",
        { Draining: true } => ", takes no more",
        _ => "",
    };
}
