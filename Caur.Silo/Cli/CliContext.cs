using System.Text;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary>Where a verb reads its environment and writes its results.</summary>
internal sealed class CliContext
{
    public CliContext(Func<Stream> openOutput, TextWriter text, TextWriter error, Func<string, string?> variable, bool isTerminal)
    {
        OpenOutput = openOutput;
        Out = text;
        Error = error;
        IsTerminal = isTerminal;
        Variable = name => variable(name) is { Length: > 0 } value ? value : null;
        HasColors = isTerminal && Variable("NO_COLOR") is null && Variable("TERM") is not "dumb";
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text),
            Ansi = HasColors ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = HasColors ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal)
        {
            // A file or a pipe has no width: nothing is wrapped or cut.
            Console.Profile.Width = 4096;
        }
    }

    /// <summary>Opens the standard output for bytes as they are. A reader that went away makes writing fail.</summary>
    public Func<Stream> OpenOutput { get; }

    /// <summary>The standard output for text.</summary>
    public TextWriter Out { get; }

    public TextWriter Error { get; }

    /// <summary>Opens the standard input for text.</summary>
    public Func<TextReader> OpenInput { get; init; } = static () => System.Console.In;

    /// <summary>Opens the standard input for bytes as they are.</summary>
    public Func<Stream> OpenInputBytes { get; init; } = static () => System.Console.OpenStandardInput();

    /// <summary>An environment variable; null when it is unset or empty.</summary>
    public Func<string, string?> Variable { get; }

    /// <summary>The names of all environment variables.</summary>
    public Func<IEnumerable<string>> VariableNames { get; init; } = static () => [];

    /// <summary>True when somebody looks at the output as it comes.</summary>
    public bool IsTerminal { get; }

    /// <summary>True when colours and weights may be used: on a terminal, unless <c>NO_COLOR</c> is set.</summary>
    public bool HasColors { get; }

    /// <summary>True when somebody can be asked: standard input and error are a terminal.</summary>
    public bool CanAsk { get; init; }

    /// <summary>For tables, on <see cref="Out"/>.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>What was ordered so far.</summary>
    public Orders Orders { get; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public static CliContext OfProcess() => new(
        StandardOutput.Open,
        System.Console.Out,
        System.Console.Error,
        Environment.GetEnvironmentVariable,
        !System.Console.IsOutputRedirected)
    {
        VariableNames = static () => Environment.GetEnvironmentVariables().Keys.Cast<string>(),
        CanAsk = !System.Console.IsInputRedirected && !System.Console.IsErrorRedirected,
    };

    /// <summary>A table of plain cells, with borders on a terminal only.</summary>
    public Table NewTable(params string[] columns)
    {
        var table = new Table { Border = IsTerminal ? TableBorder.Rounded : TableBorder.None };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column, HasColors ? new Style(decoration: Decoration.Bold) : null)) { NoWrap = !IsTerminal });
        }

        return table;
    }

    /// <summary>A build's state as a cell: red when it failed, green when it went well, yellow when something is in its way.</summary>
    public Text StateCell(string word)
    {
        Color? color = word switch
        {
            "Published" or "AlreadyBuilt" => Color.Green,
            "Held" or "Cancelled" or "Replaced" or "Skipped" => Color.Yellow,
            "Failed" or "TimedOut" or "Stalled" or "OutOfMemory" or "SystemError" => Color.Red,
            "Running" or "Uploading" or "Publishing" => Color.Blue,
            _ => null,
        };
        return new Text(word, HasColors && color is not null ? new Style(color) : null);
    }

    /// <summary>Writes a table; without a terminal no line ends in blanks.</summary>
    public void Write(Table table)
    {
        if (IsTerminal)
        {
            Console.Write(table);
            return;
        }

        var text = new StringWriter();
        var plain = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        plain.Profile.Width = Console.Profile.Width;
        plain.Profile.Encoding = Encoding.UTF8;
        plain.Write(table);
        foreach (var line in text.ToString().Split('\n'))
        {
            if (line.AsSpan().Trim().Length > 0)
            {
                Out.WriteLine(line.TrimEnd());
            }
        }
    }
}
