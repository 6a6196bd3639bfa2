using System.Globalization;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary>How the demo speaks: steps, notes below them, and lines of others with their name in front. Whole lines, whoever writes.</summary>
internal sealed class DemoSay(CliContext context)
{
    private const int LongestLine = 160;

    private readonly Lock _lock = new();

    public void Step(string text) => Write(context.IsTerminal ? $"\e[1m==>\e[0m {text}" : $"==> {text}");

    public void Note(string text) => Write($"    {text}");

    /// <summary>A line of a log, cut to a length that can be read.</summary>
    public void Line(string name, string text) =>
        Write($"{name,-16} | {(text.Length > LongestLine ? string.Concat(text.AsSpan(0, LongestLine), "...") : text)}");

    public static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";

    private void Write(string line)
    {
        lock (_lock)
        {
            context.Out.WriteLine(line);
        }
    }
}
