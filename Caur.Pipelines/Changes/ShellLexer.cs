using System.Text;

namespace Caur.Pipelines.Changes;

/// <summary>
/// Takes a bash script apart without running anything of it (the grammar is that of bash(1), "SHELL GRAMMAR" and "QUOTING"). It is for
/// comparing and for looking, so it is strict: what it does not understand with certainty is a problem, and never a guess.
/// </summary>
internal sealed class ShellLexer
{
    private const int DeepestNesting = 100;

    private static readonly string[] Operators =
    [
        "<<<", "<<-", "&>>", ";;&", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "&&", "||", "|&", ";;", ";&", ";", "&", "|", "<", ">", "(", ")",
    ];

    private readonly string _text;
    private readonly List<ShellToken> _tokens = [];
    private readonly Queue<(string Delimiter, bool StripsTabs)> _documents = [];
    private readonly StringBuilder _word = new();
    private int _at;
    private int _line = 1;
    private int _arrays;
    private int _nesting;
    private bool _inTest;

    private ShellLexer(string text) => _text = text;

    /// <summary>The tokens of a script.</summary>
    /// <returns>Null, with what is wrong in <paramref name="problem"/>, when it cannot be read with certainty.</returns>
    public static IReadOnlyList<ShellToken>? Read(string text, out string? problem)
    {
        var lexer = new ShellLexer(text);
        try
        {
            lexer.ReadAll();
            problem = null;
            return lexer._tokens;
        }
        catch (ShellFaultException fault)
        {
            problem = $"line {lexer._line}: {fault.Message}";
            return null;
        }
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private bool Ends => _at >= _text.Length;

    private char Peek(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private void ReadAll()
    {
        if (_text.AsSpan().IndexOfAny('\0', '\r') >= 0)
        {
            // bash drops the one, and takes the other for a part of the word that people do not see.
            throw new ShellFaultException("it has a NUL or a carriage return");
        }

        while (!Ends)
        {
            ReadToken();
        }

        if (_documents.Count > 0)
        {
            throw new ShellFaultException("a here-document has no end");
        }

        if (_arrays > 0)
        {
            throw new ShellFaultException("an array has no end");
        }
    }

    private void ReadToken()
    {
        var c = Current;
        if (c is ' ' or '\t')
        {
            _at++;
        }
        else if (c == '\\' && Peek(1) == '\n')
        {
            Skip(2);
        }
        else if (c == '\n')
        {
            ReadNewline();
        }
        else if (c == '#' && !_inTest)
        {
            ReadComment();
        }
        else if (_inTest && _tokens is [.., { Text: "=~" }])
        {
            ReadExpression();
        }
        else if (c is '<' or '>' && Peek(1) == '(')
        {
            ReadWord();
        }
        else if (OperatorHere() is { } symbol)
        {
            ReadOperator(symbol);
        }
        else
        {
            ReadWord();
        }
    }

    private void ReadNewline()
    {
        if (_arrays == 0)
        {
            _tokens.Add(new ShellToken(ShellTokenKind.Newline, "\n", _line, _line));
        }

        Skip(1);
        while (_documents.TryDequeue(out var document))
        {
            ReadDocument(document.Delimiter, document.StripsTabs);
        }
    }

    private void ReadDocument(string delimiter, bool stripsTabs)
    {
        var (start, line) = (_at, _line);
        while (!Ends)
        {
            var end = _text.IndexOf('\n', _at);
            var stop = end < 0 ? _text.Length : end;
            var content = _text[_at..stop];
            var before = _at;
            Skip((end < 0 ? stop : stop + 1) - _at);
            if ((stripsTabs ? content.TrimStart('\t') : content) == delimiter)
            {
                _tokens.Add(new ShellToken(ShellTokenKind.HereDocument, _text[start..before], line, _line));
                _tokens.Add(new ShellToken(ShellTokenKind.Newline, "\n", _line, _line));
                return;
            }
        }

        throw new ShellFaultException("a here-document has no end");
    }

    private void ReadComment()
    {
        var end = _text.IndexOf('\n', _at);
        var text = (end < 0 ? _text[_at..] : _text[_at..end]).TrimEnd(' ', '\t');
        _tokens.Add(new ShellToken(ShellTokenKind.Comment, text, _line, _line));
        _at = end < 0 ? _text.Length : end;
    }

    private string? OperatorHere()
    {
        foreach (var symbol in Operators)
        {
            if (string.CompareOrdinal(_text, _at, symbol, 0, symbol.Length) == 0)
            {
                return symbol;
            }
        }

        return null;
    }

    private void ReadOperator(string symbol)
    {
        // "((" where a command may begin, or behind "for": arithmetic, in which "<<" and "#" mean something else.
        if (symbol == "(" && Peek(1) == '(' && _arrays == 0 && !_inTest && (ShellScript.StartsCommand(_tokens) || _tokens[^1].Is("for")))
        {
            var line = _line;
            _word.Clear();
            TakeGroup('(', ')', comments: false);
            if (!_word.ToString().EndsWith("))", StringComparison.Ordinal))
            {
                throw new ShellFaultException("'((' is neither arithmetic nor clearly two groups");
            }

            _tokens.Add(new ShellToken(ShellTokenKind.Word, _word.ToString(), line, _line));
            return;
        }

        if (symbol is "<<" or "<<-" && _arrays == 0 && !_inTest)
        {
            Add(symbol);
            ReadDelimiter(symbol == "<<-");
            return;
        }

        if (symbol == ")" && _arrays > 0)
        {
            if (_at + 1 < _text.Length && Peek(1) is not (' ' or '\t' or '\n' or ';' or '&' or '|' or ')'))
            {
                // The shell takes it, a # too, for a part of the same word.
                throw new ShellFaultException("something stands right behind an array");
            }

            _arrays--;
        }
        else if (_arrays > 0)
        {
            throw new ShellFaultException($"'{symbol}' stands in an array");
        }

        Add(symbol);
    }

    private void Add(string symbol)
    {
        _tokens.Add(new ShellToken(ShellTokenKind.Operator, symbol, _line, _line));
        Skip(symbol.Length);
    }

    private void ReadDelimiter(bool stripsTabs)
    {
        while (Current is ' ' or '\t')
        {
            _at++;
        }

        ReadWord();
        var delimiter = ShellWords.Unquoted(_tokens[^1].Text);
        if (delimiter.Length == 0 || delimiter.Contains('\n', StringComparison.Ordinal))
        {
            throw new ShellFaultException("a here-document has no delimiter");
        }

        _documents.Enqueue((delimiter, stripsTabs));
    }

    private void ReadWord()
    {
        var line = _line;
        _word.Clear();
        while (!Ends && !EndsWord())
        {
            TakePart();
        }

        var text = _word.ToString();
        if (Current is '<' or '>' && IsDescriptor(text) && OperatorHere() is { } redirection)
        {
            // "2>" is one thing: with a blank between them it would be another.
            _tokens.Add(new ShellToken(ShellTokenKind.Operator, text + redirection, line, _line));
            Skip(redirection.Length);
            if (redirection is "<<" or "<<-")
            {
                ReadDelimiter(redirection == "<<-");
            }

            return;
        }

        if (Current == '(' && ShellWords.OpensArray(text) && _arrays == 0)
        {
            _arrays++;
            _tokens.Add(new ShellToken(ShellTokenKind.Word, text + "(", line, _line));
            Skip(1);
            return;
        }

        if (text.Length == 0)
        {
            throw new ShellFaultException($"'{Current}' is not expected");
        }

        if (_arrays == 0)
        {
            _inTest = text == "[[" ? _inTest || ShellScript.StartsCommand(_tokens) : _inTest && text != "]]";
        }

        _tokens.Add(new ShellToken(ShellTokenKind.Word, text, line, _line));
    }

    /// <summary>What stands behind <c>=~</c>: in its parentheses blanks are characters as any other.</summary>
    private void ReadExpression()
    {
        var line = _line;
        _word.Clear();
        while (!Ends && Current is not (' ' or '\t' or '\n'))
        {
            if (Current is ';' or '&' or '<' or '>' or ')')
            {
                throw new ShellFaultException($"'{Current}' stands in an expression");
            }

            if (Current == '|')
            {
                Take(1);
            }
            else
            {
                TakePart();
            }
        }

        _tokens.Add(new ShellToken(ShellTokenKind.Word, _word.ToString(), line, _line));
    }

    private bool EndsWord()
    {
        var c = Current;
        return c is ' ' or '\t' or '\n' or ';' or '&' or '|' or ')'
            || (c is '<' or '>' && !(_word.Length == 0 && Peek(1) == '('))
            || (c == '(' && !OpensPattern());
    }

    /// <summary>Whether a parenthesis belongs to a pattern as <c>!(a|b)</c>.</summary>
    private bool OpensPattern() => _word.Length > 0 && _word[^1] is '?' or '*' or '+' or '@' or '!' && !(_word.Length > 1 && _word[^2] == '\\');

    private void TakePart()
    {
        switch (Current)
        {
            case '\\':
                TakeEscape();
                break;
            case '\'':
                TakeSingleQuotes();
                break;
            case '"':
                TakeDoubleQuotes();
                break;
            case '`':
                TakeBackticks();
                break;
            case '$':
                TakeDollar(quoted: false);
                break;
            case '<' or '>':
                Take(1);
                TakeGroup('(', ')', comments: true);
                break;
            case '(':
                TakeGroup('(', ')', comments: false);
                break;
            default:
                Take(1);
                break;
        }
    }

    private void TakeEscape()
    {
        if (Peek(1) == '\n')
        {
            Skip(2);
            return;
        }

        if (_at + 1 >= _text.Length)
        {
            throw new ShellFaultException("it ends with a backslash");
        }

        Take(2);
    }

    private void TakeSingleQuotes()
    {
        var end = _text.IndexOf('\'', _at + 1);
        Take(end < 0 ? throw new ShellFaultException("a ' has no end") : end + 1 - _at);
    }

    /// <summary>As <c>$'...'</c>, in which a backslash protects.</summary>
    private void TakeCQuotes()
    {
        Take(2);
        while (Current != '\'')
        {
            Require("a $' has no end");
            Take(Current == '\\' ? 2 : 1);
        }

        Take(1);
    }

    private void TakeDoubleQuotes()
    {
        Take(1);
        while (Current != '"')
        {
            Require("a \" has no end");
            switch (Current)
            {
                case '\\' when Peek(1) == '\n':
                    Skip(2);
                    break;
                case '\\':
                    Take(2);
                    break;
                case '`':
                    TakeBackticks();
                    break;
                case '$':
                    TakeDollar(quoted: true);
                    break;
                default:
                    Take(1);
                    break;
            }
        }

        Take(1);
    }

    private void TakeBackticks()
    {
        Take(1);
        while (Current != '`')
        {
            Require("a ` has no end");
            Take(Current == '\\' ? 2 : 1);
        }

        Take(1);
    }

    private void TakeDollar(bool quoted)
    {
        switch (Peek(1))
        {
            case '(':
                Take(1);
                TakeGroup('(', ')', comments: Peek(1) != '(');
                break;
            case '[':
                Take(1);
                TakeGroup('[', ']', comments: false);
                break;
            case '{':
                TakeBraces(quoted);
                break;
            case '\'' when !quoted:
                TakeCQuotes();
                break;
            default:
                Take(1);
                break;
        }
    }

    /// <summary>As <c>${name#pattern}</c>. Within double quotes a ' is one only behind the operators that take a pattern.</summary>
    private void TakeBraces(bool quoted)
    {
        Enter();
        Take(2);
        var start = _word.Length;
        while (Current != '}')
        {
            Require("a ${ has no end");
            switch (Current)
            {
                case '\\' when Peek(1) == '\n':
                    Skip(2);
                    break;
                case '\\':
                    Take(2);
                    break;
                case '\'' when !quoted || TakesPattern(start):
                    TakeSingleQuotes();
                    break;
                case '"':
                    TakeDoubleQuotes();
                    break;
                case '`':
                    TakeBackticks();
                    break;
                case '$':
                    TakeDollar(quoted);
                    break;
                default:
                    Take(1);
                    break;
            }
        }

        Take(1);
        _nesting--;
    }

    private bool TakesPattern(int start)
    {
        var at = start;
        while (at < _word.Length && (char.IsAsciiLetterOrDigit(_word[at]) || _word[at] == '_'))
        {
            at++;
        }

        if (at < _word.Length && _word[at] == '[')
        {
            while (at < _word.Length && _word[at] != ']')
            {
                at++;
            }

            at++;
        }

        return at < _word.Length && _word[at] is '#' or '%' or '/' or '^' or ',';
    }

    /// <summary>Up to the parenthesis that closes the one that stands here, quotes and nested ones minded.</summary>
    private void TakeGroup(char open, char close, bool comments)
    {
        Enter();
        var depth = 0;
        var documents = new Queue<(string Delimiter, bool StripsTabs)>();
        do
        {
            Require($"a {open} has no end");
            var c = Current;
            if (c == '\n' && documents.Count > 0)
            {
                Take(1);
                while (documents.TryDequeue(out var document))
                {
                    TakeDocument(document.Delimiter, document.StripsTabs);
                }
            }
            else if (c == open)
            {
                depth++;
                Take(1);
            }
            else if (c == close)
            {
                depth--;
                Take(1);
            }
            else if (c == '#' && comments && _word[^1] is ' ' or '\t' or '\n' or ';' or '(')
            {
                var end = _text.IndexOf('\n', _at);
                Take(end < 0 ? throw new ShellFaultException($"a {open} has no end") : end - _at);
            }
            else if (comments && c == '<' && Peek(1) == '<')
            {
                if (Peek(2) == '<')
                {
                    Take(3);
                }
                else
                {
                    documents.Enqueue(TakeDelimiter());
                }
            }
            else
            {
                TakeQuotedOr(c);
            }
        }
        while (depth > 0);
        if (documents.Count > 0)
        {
            throw new ShellFaultException("a here-document begins where its command ends");
        }

        _nesting--;
    }

    private (string Delimiter, bool StripsTabs) TakeDelimiter()
    {
        Take(2);
        var strips = Current == '-';
        Take(strips ? 1 : 0);
        while (Current is ' ' or '\t')
        {
            Take(1);
        }

        var start = _word.Length;
        while (!Ends && Current is not (' ' or '\t' or '\n' or ';' or '&' or '|' or '<' or '>' or '(' or ')'))
        {
            TakePart();
        }

        var delimiter = ShellWords.Unquoted(_word.ToString(start, _word.Length - start));
        return delimiter.Length > 0 && !delimiter.Contains('\n', StringComparison.Ordinal)
            ? (delimiter, strips)
            : throw new ShellFaultException("a here-document has no delimiter");
    }

    private void TakeDocument(string delimiter, bool stripsTabs)
    {
        while (!Ends)
        {
            var end = _text.IndexOf('\n', _at);
            var content = end < 0 ? _text[_at..] : _text[_at..end];
            Take(end < 0 ? content.Length : content.Length + 1);
            if ((stripsTabs ? content.TrimStart('\t') : content) == delimiter)
            {
                return;
            }
        }

        throw new ShellFaultException("a here-document has no end");
    }

    private void TakeQuotedOr(char c)
    {
        if (c is '\\' or '\'' or '"' or '`' or '$')
        {
            TakePart();
        }
        else
        {
            Take(1);
        }
    }

    private void Enter()
    {
        if (++_nesting > DeepestNesting)
        {
            throw new ShellFaultException("it is nested too deeply");
        }
    }

    private void Require(string problem)
    {
        if (Ends)
        {
            throw new ShellFaultException(problem);
        }
    }

    private void Take(int count)
    {
        var end = Math.Min(_at + count, _text.Length);
        _word.Append(_text, _at, end - _at);
        Skip(end - _at);
    }

    private void Skip(int count)
    {
        _line += _text.AsSpan(_at, count).Count('\n');
        _at += count;
    }

    private static bool IsDescriptor(string text) =>
        text.Length > 0 && (text.All(char.IsAsciiDigit) || (text[0] == '{' && text[^1] == '}' && text.Length > 2));

    private sealed class ShellFaultException(string message) : Exception(message);
}
