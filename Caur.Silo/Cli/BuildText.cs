using System.Globalization;
using Caur.Api.Builds;
using Caur.Api.Queue;
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
        Line(context, "starts", Starts(reply.Start));
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

    /// <summary>Why it is where it is, in a few lines.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="reply">The build.</param>
    /// <param name="position">Its place in the queue, from 1; null when it does not wait.</param>
    public static void WriteWhy(CliContext context, BuildReply reply, int? position)
    {
        var progress = BuildProgress.Of(reply);
        context.Out.WriteLine($"{reply.Build}: {progress.Word}{(progress.Reason.Length > 0 ? $": {progress.Reason}" : "")}");
        if (position is { } place)
        {
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Its place in the queue of {reply.Build.Arch} is {place}."));
        }

        if (Starts(reply.Start) is { Length: > 0 } starts)
        {
            context.Out.WriteLine($"Starts: {starts}.");
        }

        if (reply.View?.Attempts is [.., { End: not null } last])
        {
            context.Out.WriteLine($"Attempt {last.Number} on {last.Builder} ended as {last.End}{(last.Message.Length > 0 ? $": {last.Message.TrimEnd('.')}" : "")}.");
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"'caur logs {reply.Build.Pkgbase} {reply.Build.Timestamp}' prints its log."));
        }
    }

    /// <summary>When something will probably start, for people; empty when it does not wait.</summary>
    public static string Starts(StartBody? start) => start switch
    {
        null => "",
        { Seconds: { } seconds } => $"{(start.Rough ? "roughly " : "")}in {Durations.Text(TimeSpan.FromSeconds(seconds))}",
        { Reason: { Length: > 0 } reason } => $"not known: {reason}",
        _ => "not known",
    };

    private static void Line(CliContext context, string name, string value)
    {
        if (value.Length > 0)
        {
            context.Out.WriteLine($"{name,-11}{value}");
        }
    }

    /// <summary>A time, to the second.</summary>
    public static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
