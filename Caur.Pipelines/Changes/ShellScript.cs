namespace Caur.Pipelines.Changes;

/// <summary>
/// A piece of a shell script that a formatter would put on a line of its own: a command, an array's element, a comment, a brace.
/// Two scripts with the same pieces mean the same, however they are laid out.
/// </summary>
/// <param name="Key">What makes two pieces equal.</param>
/// <param name="Tokens">The tokens; the first may be a comment.</param>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="EndLine">Where it ends.</param>
/// <param name="Array">The name of the array whose element it is; null for everything else.</param>
/// <param name="Function">The name of the function in whose body it stands; null outside of all.</param>
internal sealed record ShellPiece(string Key, IReadOnlyList<ShellToken> Tokens, int Line, int EndLine, string? Array, string? Function)
{
    /// <summary>For people: on one line, with single blanks.</summary>
    public string Text => string.Join(' ', Tokens.Select(token => token.Text)).Replace('\n', ' ');

    public bool IsComment => Tokens[0].Kind == ShellTokenKind.Comment;

    /// <summary>The assignment that this piece is and nothing else; null when it is something else.</summary>
    public (string Name, bool Adds, string Value)? Assignment =>
        Array is null && Tokens is [{ Kind: ShellTokenKind.Word } word] && !word.Text.EndsWith('(') ? ShellWords.Assignment(word.Text) : null;
}

/// <summary>A bash script in pieces. Nothing of it is run.</summary>
internal sealed class ShellScript
{
    private static readonly HashSet<string> Openers = new(StringComparer.Ordinal) { "{", "then", "do", "else", "elif", "if", "while", "until", "!", "time" };

    private readonly List<ShellPiece> _pieces = [];
    private readonly List<ShellToken> _current = [];
    private readonly Stack<Block> _blocks = [];
    private readonly Dictionary<string, FunctionRange> _functions = new(StringComparer.Ordinal);
    private string? _array;
    private string? _function;
    private string? _named;
    private bool _inTest;

    private ShellScript()
    {
    }

    /// <summary>In the order of the script.</summary>
    public IReadOnlyList<ShellPiece> Pieces => _pieces;

    /// <summary>The functions that stand outside of others; of one that stands twice, the last, which is the one that counts.</summary>
    public IReadOnlyDictionary<string, FunctionRange> Functions => _functions;

    /// <summary>Takes a script apart.</summary>
    /// <returns>Null, with what is wrong in <paramref name="problem"/>, when it cannot be read with certainty.</returns>
    public static ShellScript? Read(string text, out string? problem)
    {
        if (ShellLexer.Read(text, out problem) is not { } tokens)
        {
            return null;
        }

        var script = new ShellScript();
        for (var at = 0; at < tokens.Count; at++)
        {
            script.Add(tokens, at);
        }

        script.Flush();
        return script;
    }

    /// <summary>The body of a function.</summary>
    public IEnumerable<ShellPiece> Body(string function) =>
        _functions.TryGetValue(function, out var range) ? _pieces.Skip(range.First).Take(range.Count) : [];

    /// <summary>Whether a command may begin behind these tokens.</summary>
    public static bool StartsCommand(IReadOnlyList<ShellToken> before) =>
        before.Count == 0 || before[^1] switch
        {
            { Kind: ShellTokenKind.Newline or ShellTokenKind.Comment or ShellTokenKind.HereDocument } => true,
            { Kind: ShellTokenKind.Operator, Text: ";" or "&" or "&&" or "||" or "|" or "|&" or "(" or ")" or ";;" or ";&" or ";;&" } => true,
            { Kind: ShellTokenKind.Word } word when Openers.Contains(word.Text) => StartsCommand(new Behind(before)),
            _ => false,
        };

    private void Add(IReadOnlyList<ShellToken> tokens, int at)
    {
        var token = tokens[at];
        if (_array is not null)
        {
            AddElement(token);
        }
        else if (token.Kind == ShellTokenKind.Comment || token.Kind == ShellTokenKind.HereDocument)
        {
            AddAlone(token);
        }
        else if (token.Kind == ShellTokenKind.Newline)
        {
            if (_current is not [.., { Kind: ShellTokenKind.Operator, Text: "&&" or "||" or "|" or "|&" }])
            {
                Flush();
            }
        }
        else if (token.Kind == ShellTokenKind.Operator && !_inTest)
        {
            AddOperator(tokens, at);
        }
        else
        {
            AddWord(tokens, at);
        }
    }

    private void AddElement(ShellToken token)
    {
        if (token.IsOperator(")"))
        {
            _array = null;
        }

        AddAlone(token);
    }

    private void AddOperator(IReadOnlyList<ShellToken> tokens, int at)
    {
        var token = tokens[at];
        switch (token.Text)
        {
            case ";":
                Flush();
                break;
            case "&":
                _current.Add(token);
                Flush();
                break;
            case "(" when at + 1 < tokens.Count && tokens[at + 1].IsOperator(")") && _current is [.., { Kind: ShellTokenKind.Word } name]:
                // The parentheses behind a function's name: a formatter may put a blank before them.
                _named = name.Text;
                _current.Add(token);
                break;
            case ")" when _current is [.., { Kind: ShellTokenKind.Operator, Text: "(" }] && _named is not null:
                _current.Add(token);
                break;
            case "(":
                OpenParenthesis(token);
                break;
            case ")":
                CloseParenthesis(token);
                break;
            case ";;" or ";&" or ";;&":
                AddAlone(token);
                if (_blocks.TryPeek(out var choice) && choice.Kind == BlockKind.Case)
                {
                    choice.AwaitsPattern = true;
                }

                break;
            default:
                _current.Add(token);
                break;
        }
    }

    private void AddWord(IReadOnlyList<ShellToken> tokens, int at)
    {
        var token = tokens[at];
        if (token.Kind == ShellTokenKind.Word && token.Text.EndsWith('(') && ShellWords.OpensArray(token.Text[..^1]))
        {
            _current.Add(token);
            Flush();
            _array = token.Text[..^1].TrimEnd('=').TrimEnd('+');
            return;
        }

        var starts = StartsCommand(new Before(tokens, at));
        if (_inTest || (token.Is("[[") && starts))
        {
            _inTest = !token.Is("]]");
            _current.Add(token);
        }
        else if (token.Is("{") && (starts || _current is [{ Text: "function" }, _]))
        {
            Open(BlockKind.Brace);
            AddAlone(token);
        }
        else if (token.Is("}") && starts)
        {
            Flush();
            Close(BlockKind.Brace);
            AddAlone(token);
        }
        else if (token.Is("case") && starts)
        {
            _blocks.Push(new Block(BlockKind.Case, null));
            _current.Add(token);
        }
        else if (token.Is("in") && _current is [{ Text: "case" }, _] && _blocks.TryPeek(out var choice) && choice.Kind == BlockKind.Case)
        {
            choice.AwaitsPattern = true;
            _current.Add(token);
            Flush();
        }
        else if (token.Is("esac") && starts)
        {
            Flush();
            Close(BlockKind.Case);
            _current.Add(token);
        }
        else if (token.Text is "then" or "do" or "else" && starts)
        {
            AddAlone(token);
        }
        else
        {
            _current.Add(token);
        }
    }

    private void OpenParenthesis(ShellToken token)
    {
        // A pattern of case may have one too, which closes no other than its own.
        if (!_blocks.TryPeek(out var block) || !block.AwaitsPattern)
        {
            Open(BlockKind.Parenthesis);
        }

        AddAlone(token);
    }

    private void CloseParenthesis(ShellToken token)
    {
        Flush();
        if (_blocks.TryPeek(out var block) && block.AwaitsPattern)
        {
            block.AwaitsPattern = false;
        }
        else
        {
            Close(BlockKind.Parenthesis);
        }

        AddAlone(token);
    }

    private void Open(BlockKind kind)
    {
        var name = _named ?? (_current is [{ Text: "function" }, var named] ? named.Text : null);
        Flush();
        if (name is not null && _function is null)
        {
            _function = name;
            _functions[name] = new FunctionRange(_pieces.Count, 0);
            _blocks.Push(new Block(kind, name));
        }
        else
        {
            _blocks.Push(new Block(kind, null));
        }

        _named = null;
    }

    private void Close(BlockKind kind)
    {
        if (!_blocks.TryPeek(out var block) || block.Kind != kind)
        {
            return;
        }

        _blocks.Pop();
        if (block.Function is { } name)
        {
            // What opens it is no part of the body.
            var first = _functions[name].First + 1;
            _functions[name] = new FunctionRange(first, _pieces.Count - first);
            _function = null;
        }
    }

    private void AddAlone(ShellToken token)
    {
        Flush();
        _current.Add(token);
        Flush();
    }

    private void Flush()
    {
        if (_current.Count > 0)
        {
            // No token has a NUL in it; a comment's or here-document's text is no command's.
            var key = string.Join('\0', _current.Select(token => token.Kind switch
            {
                ShellTokenKind.HereDocument => $"\x01{token.Text}",
                _ => token.Text,
            }));
            _pieces.Add(new ShellPiece(key, [.. _current], _current[0].Line, _current[^1].EndLine, _array, _function));
            _current.Clear();
            _named = _pieces[^1].Key.EndsWith("\0(\0)", StringComparison.Ordinal) ? _named : null;
        }
    }

    private enum BlockKind
    {
        Brace,
        Parenthesis,
        Case,
    }

    private sealed class Block(BlockKind kind, string? function)
    {
        public BlockKind Kind => kind;

        /// <summary>The function whose body it is.</summary>
        public string? Function => function;

        /// <summary>Whether a closing parenthesis ends a pattern of case here.</summary>
        public bool AwaitsPattern { get; set; }
    }

    /// <summary>Where a function's body stands among the pieces.</summary>
    internal readonly record struct FunctionRange(int First, int Count);

    /// <summary>The tokens before one.</summary>
    private sealed class Before(IReadOnlyList<ShellToken> all, int count) : IReadOnlyList<ShellToken>
    {
        public int Count => count;

        public ShellToken this[int index] => all[index];

        public IEnumerator<ShellToken> GetEnumerator() => all.Take(count).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>All but the last.</summary>
    private sealed class Behind(IReadOnlyList<ShellToken> all) : IReadOnlyList<ShellToken>
    {
        public int Count => all.Count - 1;

        public ShellToken this[int index] => all[index];

        public IEnumerator<ShellToken> GetEnumerator() => all.Take(Count).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
