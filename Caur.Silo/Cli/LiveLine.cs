namespace Caur.Silo.Cli;

/// <summary>One line at the bottom of a terminal that says how things stand and makes room for what is printed. Without a terminal, and on
/// one that cannot erase a line, it is not there.</summary>
/// <param name="context">Where to.</param>
/// <param name="quiet">True when the output is for a program.</param>
internal sealed class LiveLine(CliContext context, bool quiet) : IDisposable
{
    private const string Erase = "\r\e[K";

    private readonly bool _there = context.IsTerminal && !quiet && context.Variable("TERM") is not "dumb";
    private string _shown = "";

    /// <summary>Shows a text in place of the last one; what does not fit on one line is cut.</summary>
    public void Show(string text)
    {
        var room = Math.Max(10, context.Console.Profile.Width - 1);
        var cut = text.Length <= room ? text : text[..(room - 1)] + "…";
        if (_there && cut != _shown)
        {
            context.Out.Write(Erase + cut);
            context.Out.Flush();
            _shown = cut;
        }
    }

    /// <summary>Removes it, so that a line can be printed.</summary>
    public void Clear()
    {
        if (_shown.Length > 0)
        {
            context.Out.Write(Erase);
            context.Out.Flush();
            _shown = "";
        }
    }

    public void Dispose() => Clear();
}
