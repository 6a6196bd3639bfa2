using System.CommandLine;
using System.Text.RegularExpressions;
using Caur.Silo.Cli;
using Caur.Silo.Settings;
using Caur.Tests.Support;

namespace Caur.Tests.Cli;

/// <summary>docs/command-line.md against the verbs, their options, the exit codes and the variables: neither side lacks one.</summary>
public sealed partial class CommandLineDocumentTests
{
    private static readonly string[] Parsers = ["--help", "--version"];

    private readonly string _text = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "command-line.md"));

    [Fact]
    public void Verbs_InTheDocument_AreThoseThatThereAre()
    {
        var documented = Rows("Verbs").Select(row => VerbInCell().Match(row[0]).Groups[1].Value.Trim());

        documented.ShouldBe(Commands().Where(one => one.Command.Action is not null).Select(one => one.Name), ignoreOrder: true);
    }

    [Fact]
    public void Options_InTheDocument_AreThoseOfTheVerbsThatItNames()
    {
        var real = Commands()
            .SelectMany(one => one.Command.Options.Where(option => !option.Hidden && !Parsers.Contains(option.Name)).Select(option => (Option: option.Name, Verb: one.Name)))
            .ToLookup(one => one.Option, one => one.Verb);
        var documented = Rows("Options").SelectMany(row => OptionInCell().Matches(row[0]).Select(match => (Option: match.Value, Verbs: row[1]))).ToList();

        documented.Select(one => one.Option).Distinct().ShouldBe(real.Select(one => one.Key), ignoreOrder: true);
        foreach (var (option, verbs) in documented.Where(one => one.Verbs != "all that print"))
        {
            var parts = verbs.Split(" but for ");
            var named = Named().Matches(parts[0]).Select(match => match.Groups[1].Value).ToList();
            if (verbs.StartsWith("those that speak to a hub", StringComparison.Ordinal))
            {
                named.AddRange(real["--server"].Except(Named().Matches(parts.ElementAtOrDefault(1) ?? "").Select(match => match.Groups[1].Value)));
            }

            real[option].Where(verb => !named.Any(name => verb == name || verb.StartsWith($"{name} ", StringComparison.Ordinal)))
                .ShouldBeEmpty($"verbs that have {option}, and the document does not say so");
            named.Where(name => !real[option].Any(verb => verb == name || verb.StartsWith($"{name} ", StringComparison.Ordinal)))
                .ShouldBeEmpty($"verbs that the document says have {option}");
        }
    }

    [Fact]
    public async Task ExitCodes_InTheDocumentAndTheHelp_AreThoseThatThereAre()
    {
        Rows("Exit codes").Select(row => (row[0], row[1])).ShouldBe(ExitCodes.All.Select(one => ($"{one.Code}", one.Meaning)));

        (await CliRun.RunAsync(["--help"])).Succeeded().Output.ShouldContain("130  ended by Ctrl-C or a signal");
        foreach (var (name, _) in Commands())
        {
            var help = await CliRun.RunAsync([.. name.Split(' '), "--help"]);
            help.Succeeded().Output.ShouldContain("Exit codes", customMessage: name);
        }
    }

    [Fact]
    public void Variables_InTheDocument_AreThoseThatThereAre()
    {
        var documented = Rows("Environment").SelectMany(row => Named().Matches(row[0]).Select(match => match.Groups[1].Value)).ToList();

        documented.ShouldBeSubsetOf(FarmVariables.All.Select(one => one.Name));
        FarmVariables.OfVerbsAndManual.Select(one => one.Name).Except(documented).ShouldBeEmpty();
    }

    [Fact]
    public async Task Json_IsAnOptionOfEveryVerbThatPrints()
    {
        // What prints no result: servers, scripts for a shell, and verbs that only say why they are not needed.
        string[] others = ["database", "demo", "builder", "web", "completion"];
        foreach (var (name, command) in Commands().Where(one => one.Command.Action is not null && !others.Contains(one.Name)))
        {
            command.Options.Select(option => option.Name).ShouldContain("--json", customMessage: name);
            (await CliRun.RunAsync([.. name.Split(' '), "--help"])).Output.ShouldContain("--json");
        }
    }

    private static IEnumerable<(string Name, Command Command)> Commands() =>
        Below(CommandLine.Create(new CliContext(() => Stream.Null, TextWriter.Null, TextWriter.Null, _ => null, isTerminal: false)), "");

    private static IEnumerable<(string Name, Command Command)> Below(Command command, string above) =>
        command.Subcommands.Where(verb => !verb.Hidden).SelectMany(verb => Below(verb, $"{above}{verb.Name} ").Prepend(($"{above}{verb.Name}", verb)));

    /// <summary>The cells of a section's table.</summary>
    private List<string[]> Rows(string section)
    {
        var begin = _text.IndexOf($"\n## {section}\n", StringComparison.Ordinal);
        begin.ShouldBeGreaterThan(0, section);
        var end = _text.IndexOf("\n## ", begin + 1, StringComparison.Ordinal);
        return
        [
            .. _text[begin..(end < 0 ? _text.Length : end)].Split('\n').Where(line => line.StartsWith('|')).Skip(2)
                .Select(line => CellEnd().Split(line).Select(cell => cell.Trim()).Where(cell => cell.Length > 0).ToArray()),
        ];
    }

    [GeneratedRegex(@"`caur ((?:[a-z-]+ ?)+)")]
    private static partial Regex VerbInCell();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex OptionInCell();

    [GeneratedRegex("`([A-Za-z_ -]+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex CellEnd();
}
