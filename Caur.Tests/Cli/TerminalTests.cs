using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Silo.Cli;
using Spectre.Console;

namespace Caur.Tests.Cli;

/// <summary>What people see on a terminal, and programs without one.</summary>
public sealed class TerminalTests
{
    private const string Escape = "\e[";

    [Fact]
    public void Table_OnANarrowTerminal_StaysWithinItsWidthAndLosesNothing()
    {
        var (context, text) = Terminal(width: 60);
        var table = context.NewTable("BUILD", "STATE", "WHY");
        table.AddRow(new Text(FakeFarm.Id("a-package-with-a-long-name").ToString()), context.StateCell("Held"), new Text(string.Join(' ', Enumerable.Range(0, 40).Select(n => $"w{n}"))));

        context.Write(table);

        var lines = Plain(text.ToString()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.ShouldAllBe(line => line.TrimEnd().Length <= 60);
        for (var n = 0; n < 40; n++)
        {
            string.Join(' ', lines).ShouldMatch($@"\bw{n}\b");
        }
    }

    [Theory]
    [InlineData(null, "xterm-256color", true)]
    [InlineData("1", "xterm-256color", false)]
    [InlineData("", "xterm-256color", true)]
    [InlineData(null, "dumb", false)]
    public void Colours_AsNoColorAndTheTerminalSay(string? noColor, string term, bool expected)
    {
        var (context, text) = Terminal(variables: new Dictionary<string, string?> { ["NO_COLOR"] = noColor, ["TERM"] = term });
        var table = context.NewTable("STATE");
        table.AddRow(context.StateCell("Failed"));

        context.Write(table);

        context.HasColors.ShouldBe(expected);
        if (!expected)
        {
            text.ToString().ShouldNotContain(Escape);
        }
    }

    [Fact]
    public void LiveLine_OnATerminal_MakesRoomForLinesAndGoes()
    {
        var (context, text) = Terminal(width: 30);
        var build = FakeFarm.Id("a");
        using (var output = new FollowOutput(context, quiet: false))
        {
            output.Changed(Progress(build, BuildState.Running));
            output.Stand();
            output.Changed(Progress(build, BuildState.Published));
            output.Summary([Progress(build, BuildState.Published)]);
        }

        // One line, cut to the terminal's width, erased before the next line is printed and at the end.
        text.ToString().ShouldBe("a: Running\n\r\e[K0 of 1 done, 1 with builders…\r\e[Ka: Published\n    1  Published\n");
    }

    [Fact]
    public void LiveLine_WithoutATerminal_IsNotThere()
    {
        var text = new StringWriter { NewLine = "\n" };
        var context = new CliContext(() => Stream.Null, text, TextWriter.Null, _ => null, isTerminal: false);
        using var output = new FollowOutput(context, quiet: false);

        output.Changed(Progress(FakeFarm.Id("a"), BuildState.Running));
        output.Changed(Progress(FakeFarm.Id("a"), BuildState.Running));
        output.Stand();

        text.ToString().ShouldBe("a: Running\n");
    }

    [Fact]
    public void Changed_WhileTheNextAttemptComesNearer_SaysItOnce()
    {
        var text = new StringWriter { NewLine = "\n" };
        using var output = new FollowOutput(new CliContext(() => Stream.Null, text, TextWriter.Null, _ => null, isTerminal: false), quiet: false);
        var waiting = Progress(FakeFarm.Id("a"), BuildState.Waiting) with { Wait = WaitReason.RetryPause, Attempts = 1 };

        output.Changed(waiting with { Reason = "tried again in 5 s: no disk" });
        output.Changed(waiting with { Reason = "tried again in 4 s: no disk" });
        output.Changed(waiting with { Reason = "tried again in 20 s: no disk", Attempts = 2 });

        text.ToString().ShouldBe("a: Waiting: tried again in 5 s: no disk\na: Waiting: tried again in 20 s: no disk\n");
    }

    [Theory]
    [InlineData(59, "59 s")]
    [InlineData(127, "2:07")]
    [InlineData(3727, "1:02:07")]
    [InlineData(360_000, "100:00:00")]
    public void Duration_ForPeople_IsShort(int seconds, string expected) => Durations.Text(TimeSpan.FromSeconds(seconds)).ShouldBe(expected);

    [Fact]
    public void LogLines_OfBytesInAnyPieces_AreTheLinesWithTheirOffsets()
    {
        var lines = new LogLines();
        var text = "";
        foreach (var piece in (string[])["on", "e\r\ntw", "o\n\nü\u001b[31m", "red"])
        {
            text += System.Text.Encoding.UTF8.GetString(lines.Take(System.Text.Encoding.UTF8.GetBytes(piece)).Span);
        }

        text += System.Text.Encoding.UTF8.GetString(lines.End().Span);

        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
        [
            """{"offset":0,"text":"one"}""", """{"offset":5,"text":"two"}""", """{"offset":9,"text":""}""", """{"offset":10,"text":"ü\u001B[31mred"}""",
        ]);
    }

    private static BuildProgress Progress(BuildId build, BuildState state) => new() { Build = build, State = state, Wait = WaitReason.None };

    private static (CliContext Context, StringWriter Text) Terminal(int width = 80, IReadOnlyDictionary<string, string?>? variables = null)
    {
        var text = new StringWriter { NewLine = "\n" };
        var context = new CliContext(() => Stream.Null, text, TextWriter.Null, name => variables?.GetValueOrDefault(name), isTerminal: true);
        context.Console.Profile.Width = width;
        return (context, text);
    }

    private static string Plain(string text) => System.Text.RegularExpressions.Regex.Replace(text, "\e\\[[0-9;]*m", "");
}
