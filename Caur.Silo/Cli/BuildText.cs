using System.Globalization;
using Caur.Api.Builds;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary>A build for people.</summary>
internal static class BuildText
{
    public static void Write(CliContext context, BuildReply reply)
    {
        var progress = BuildProgress.Of(reply);
        Line(context, "build", reply.Build.ToString());
        Line(context, "state", progress.Word);
        Line(context, "why", progress.Reason);
        Line(context, "queued", Time(reply.Build.QueuedAt));
        if (reply.View is not { } view)
        {
            return;
        }

        Line(context, "finished", view.Finished is { } finished ? Time(finished) : "");
        Line(context, "source", $"{view.Request.SourceRepository} at {view.Request.Commit}");
        Line(context, "priority", view.Request.Priority.ToString());
        Line(context, "class", view.Request.BuilderClass ?? "1");
        Line(context, "after", string.Join(", ", view.Request.DependsOn));
        Line(context, "generation", view.Generation?.ToString(CultureInfo.InvariantCulture) ?? "");
        foreach (var archive in view.Archives)
        {
            Line(context, "package", string.Create(CultureInfo.InvariantCulture, $"{archive.FileName}  {archive.Size} bytes  sha256 {archive.Sha256}"));
        }

        if (view.Attempts.Length == 0)
        {
            return;
        }

        context.Out.WriteLine();
        var table = context.NewTable("ATTEMPT", "BUILDER", "ACCEPTED", "SECONDS", "END", "EXIT", "MESSAGE", "IMAGE");
        foreach (var attempt in view.Attempts)
        {
            table.AddRow(
                new Text(attempt.Number.ToString(CultureInfo.InvariantCulture)),
                new Text(attempt.Builder.ToString()),
                new Text(Time(attempt.Accepted)),
                new Text(attempt.Ended is { } ended ? (ended - attempt.Accepted).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) : ""),
                new Text(attempt.End?.ToString() ?? ""),
                new Text(attempt.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? ""),
                new Text(attempt.Message),
                new Text(attempt.ImageDigest ?? ""));
        }

        context.Write(table);
    }

    private static void Line(CliContext context, string name, string value)
    {
        if (value.Length > 0)
        {
            context.Out.WriteLine($"{name,-11}{value}");
        }
    }

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
