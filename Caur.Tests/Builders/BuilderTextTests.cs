using Caur.Api.Builders;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;
using Caur.Silo.Cli;

namespace Caur.Tests.Builders;

/// <summary>What a builder says of itself, on the terminal of who looks at it: also from a hub that does not clean it.</summary>
public sealed class BuilderTextTests
{
    private const string Evil = "x\u001b]0;owned\u0007\u001b[2J\r\n\u009b1m\u202e\u2028y";

    [Fact]
    public void Write_WhateverABuilderSays_HasNothingThatATerminalObeys()
    {
        using var text = new StringWriter();
        var context = new CliContext(static () => Stream.Null, text, TextWriter.Null, static _ => null, isTerminal: false);
        var builder = new BuilderBody
        {
            Builder = new BuilderId("north", "0"),
            State = BuilderPresence.Unfit,
            Problem = Evil,
            Class = Evil,
            Architectures = ["x86_64", Evil],
            Labels = [Evil],
            Slots = 1,
            Busy = 0,
        };

        BuilderText.Write(context, [builder]);
        BuilderText.WriteLines(context, [builder]);

        text.ToString().ShouldContain("x ]0;owned  [2J   1m  y");
        text.ToString().ShouldNotContain('\u001b');
        text.ToString().Where(c => c != '\n' && (char.IsControl(c) || c is '\u202e' or '\u2028')).ShouldBeEmpty();
    }
}
