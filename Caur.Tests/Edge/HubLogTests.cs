using Caur.Api.Manager;
using Caur.Silo.Hub;
using Caur.Tests.Storage.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Edge;

/// <summary>What stands in the hub's own log.</summary>
public sealed class HubLogTests
{
    private const string Category = "Caur.Grains.Sources.SourceRepositoryGrain";

    private readonly ManualTime _clock = new();

    [Fact]
    public void Line_WithWhatOutsidersWrote_IsOneLineThatSteersNothing()
    {
        const string Outside = "refs/heads/a\0b\r\n12:00:00 info: Caur[0] all is well\e[2J\u009b31m\u202egpj\u2028x ü 🎉";
        var console = new HubConsole(_clock);

        var line = Write(console, LogLevel.Warning, Outside, new InvalidOperationException(Outside));

        line.Count(c => c == '\n').ShouldBe(1);
        line.ShouldEndWith(Environment.NewLine);
        line.TrimEnd('\n').ShouldAllBe(c => !char.IsControl(c) && c != '\u202e' && c != '\u2028');
        line.ShouldStartWith($"00:00:00 warn: {Category}[7] refs/heads/a\\x00b\\r\\n12:00:00 info");
        line.ShouldContain("\\x1b[2J\\x9b31m\\u202egpj\\u2028x ü 🎉");

        using var log = new HubLog(_clock);
        log.CreateLogger(Category).LogWarning("{Ref}", Outside);
        var kept = log.Ring.Read(log.Ring.Start, 10)!.Value.Items.Single();
        (kept.Mod, kept.Msg).ShouldBe(("SourceRepositoryGrain", LogText.Clean(Outside)));
    }

    [Fact]
    public void Failure_ThatComesEachSecond_IsSaidOnceCountedAndSaidAgain()
    {
        var console = new HubConsole(_clock);
        var said = new List<string>();
        for (var second = 0; second < 601; second++)
        {
            said.Add(Write(console, LogLevel.Error, $"{second} could not be written", Thrown($"/var/lib/caur/{second}")));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        var lines = said.Where(text => text.Length > 0).ToList();
        lines.Count.ShouldBe(3);
        lines[0].ShouldContain("No space left on device");
        lines[1].ShouldContain("The same came 299 times more from 00:00:00 to 00:04:59");
        lines[1].ShouldContain("300 could not be written");
        Write(console, LogLevel.Error, "another", new InvalidOperationException("another")).ShouldContain("another");
        Write(console, LogLevel.Information, "0 could not be written", null).ShouldNotBeEmpty();
        Write(console, LogLevel.Error, "without a cause", null).ShouldNotBeEmpty();
        Write(console, LogLevel.Error, "without a cause", null).ShouldNotBeEmpty();
    }

    /// <summary>Also when it does not come again: whoever reads on learns how often it came.</summary>
    [Fact]
    public void Failure_ThatStopped_IsCountedWithTheNextLine()
    {
        var console = new HubConsole(_clock);
        for (var second = 0; second < 10; second++)
        {
            Write(console, LogLevel.Error, "no", Thrown("/x"));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        _clock.Advance(FailureRepeats.Quiet);

        Write(console, LogLevel.Information, "all is well", null).ShouldMatch("(?s)The same came 9 times more.*\n.*all is well");
        Write(console, LogLevel.Information, "all is well", null).ShouldNotContain("The same");
    }

    /// <summary>What was counted of one that has to make room for others is said.</summary>
    [Fact]
    public void Repeats_OfMoreFailuresThanAreRemembered_ForgetNoCount()
    {
        var repeats = new FailureRepeats(_clock);
        for (var i = 0; i < 5; i++)
        {
            repeats.MayBeSaid(Category, new EventId(7), LogLevel.Error, Thrown("/x")).ShouldBe(i == 0);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        for (var i = 0; i < 1000; i++)
        {
            repeats.MayBeSaid(Category, new EventId(100 + i), LogLevel.Error, Thrown("/x")).ShouldBeTrue();
        }

        repeats.TakeCounts().ShouldHaveSingleItem().Text.ShouldStartWith("The same came 4 times more");
        repeats.TakeCounts().ShouldBeEmpty();
    }

    private static IOException Thrown(string path)
    {
        try
        {
            throw new IOException($"No space left on device : '{path}'", 28);
        }
        catch (IOException error)
        {
            return error;
        }
    }

    private static string Write(HubConsole console, LogLevel level, string text, Exception? exception)
    {
        using var writer = new StringWriter();
        console.Write(new LogEntry<string>(level, Category, new EventId(7), text, exception, (state, _) => state), null, writer);
        return writer.ToString();
    }
}
