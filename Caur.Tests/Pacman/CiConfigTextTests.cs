using System.Text;
using System.Text.RegularExpressions;
using Caur.Pacman;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pacman;

/// <summary>Changes of a <c>.CI/config</c>: what was asked for is there, and every other byte is as it was.</summary>
public sealed partial class CiConfigTextTests
{
    private static readonly Gen<string> Key = Gen.Elements("CI_PACKAGE_BUMP", "BUILDER_CLASS", "A", "a", "_9");

    private static readonly Gen<string> Value = Gen.OneOf(
        Gen.Elements("", "9", "1:2.0-1/3", "\"quoted\"", "'", "\"", "a=b", "# no comment", "x # y", "é 日本 \U0001F4E6", "a\\tb", "$(id)", "*", "a\tb"),
        ArbMap.Default.GeneratorFor<string?>().Select(text => text ?? ""));

    private static readonly Gen<string> Line = Gen.OneOf(
        Gen.Elements(
            "", "   ", "# a comment", "#A=1", " # CI_PACKAGE_BUMP=old", "no setting", "=x", "MY-KEY=1", "A B=1", "UNKNOWN = \"kept\"  ", "ÄA=1",
            "A", "A\f=\v1", "\u00a0A=1", "A=\u00a0", "\ufeffA=1", "\0", "A=1\r"),
        from key in Key
        from value in Gen.Elements("", "old", "\"two words\"", " # x", "a=b", "é")
        from indent in Gen.Elements("", "", "  ", "\t")
        from before in Gen.Elements("", "", " ", " \t")
        from after in Gen.Elements("", "", " ", "\t")
        from trail in Gen.Elements("", "", "  ")
        select $"{indent}{key}{before}={after}{value}{trail}");

    private static readonly Gen<string> Text =
        from lines in Gen.ListOf(Line).Resize(8)
        from newline in Gen.Elements("\n", "\n", "\r\n")
        from mark in Gen.Frequency((6, Gen.Constant("")), (1, Gen.Constant("\ufeff")))
        from end in Gen.Elements("", "\n", "\n", "\n\n")
        select mark + string.Join(newline, lines) + (end.Length == 0 ? "" : newline);

    private static readonly Gen<(string Text, string Key, string Value)> Change =
        from text in Text
        from key in Key
        from value in Value
        select (text, key, value);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "KEY=new\n")]
    [InlineData("# only a comment", "# only a comment\nKEY=new\n")]
    [InlineData("A=1\n\n", "A=1\n\nKEY=new\n")]
    [InlineData("A=1\r\nB=2", "A=1\r\nB=2\r\nKEY=new\r\n")]
    [InlineData("KEY=old", "KEY=new")]
    [InlineData("  KEY\t= \"old\"  \r\n# end", "  KEY\t= new\r\n# end")]
    [InlineData("KEY=\r\nA=1\r\n", "KEY=new\r\nA=1\r\n")]
    [InlineData("KEY = \n", "KEY = new\n")]
    [InlineData("#KEY=old\nkey=old\n", "#KEY=old\nkey=old\nKEY=new\n")]
    [InlineData("KEY=1\nA=2\nKEY=3\nB=4\n", "KEY=1\nA=2\nKEY=new\nB=4\n")]
    [InlineData("\ufeffKEY=old\n", "\ufeffKEY=new\n")]
    [InlineData("\ufeff", "\ufeffKEY=new\n")]
    public void With_WhenGiven_ChangesThatAlone(string text, string expected) =>
        With(Take(text), "KEY", "new").ToString().ShouldBe(expected);

    [Theory]
    [InlineData("A=1\nKEY=1\n# c\n KEY = 2\nB=3", "A=1\n# c\nB=3")]
    [InlineData("KEY=1", "")]
    [InlineData("A=1\r\nKEY=1", "A=1\r\n")]
    [InlineData("\ufeffKEY=1\nA=1\n", "\ufeffA=1\n")]
    [InlineData("KEY=1\n\ufeffKEY=2\nA=1\n", "A=1\n")]
    [InlineData("#KEY=1\nKEY 1\n", "#KEY=1\nKEY 1\n")]
    public void Without_WhenGiven_RemovesEveryLineOfTheKey(string text, string expected)
    {
        Take(text).Without("KEY").ToString().ShouldBe(expected);
        Take(text).Without("ABSENT").ToString().ShouldBe(text);
    }

    [Fact]
    public void With_WhenCommentsAreNotUtf8_KeepsTheirBytes()
    {
        byte[] bytes = [.. "# Gr\u00fc\u00dfe in Latin-1: "u8, 0xfc, 0xdf, 0, .. "\nKEY=old\n"u8];
        var changed = With(CiConfigText.Read(bytes).GetRequired(), "KEY", "new");
        changed.Bytes.ToArray().ShouldBe([.. bytes[..^4], .. "new\n"u8]);
    }

    [Theory]
    [InlineData("a\nb", FormatErrorCode.InvalidValue, "line end")]
    [InlineData("a\rb", FormatErrorCode.InvalidValue, "line end")]
    [InlineData("a\0b", FormatErrorCode.InvalidValue, "NUL")]
    [InlineData(" a", FormatErrorCode.InvalidValue, "white space")]
    [InlineData("a\t", FormatErrorCode.InvalidValue, "white space")]
    [InlineData("\u3000a", FormatErrorCode.InvalidValue, "white space")]
    public void With_WhenTheFormatCannotHoldTheValue_Refuses(string value, FormatErrorCode code, string words)
    {
        var error = Take("KEY=1\n").With("KEY", value).Error.ShouldNotBeNull();
        error.Code.ShouldBe(code);
        error.Message.ShouldContain(words);
        error.Message.ShouldContain("KEY");
    }

    [Fact]
    public void With_WhenTheValueHasHalfASurrogatePair_Refuses() =>
        Take("").With("KEY", "a\ud800b").Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.InvalidValue);

    [Theory]
    [InlineData("")]
    [InlineData("MY-KEY")]
    [InlineData("A B")]
    [InlineData("A=B")]
    [InlineData("É")]
    public void With_WhenTheKeyIsNone_Refuses(string key) =>
        Take("A=1\n").With(key, "x").Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.InvalidName);

    [Fact]
    public void With_WhenTheTextWouldBecomeTooLarge_Refuses() =>
        Take("A=1\n").With("KEY", new string('x', CiConfig.MaxSize)).Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.TooLarge);

    [Fact]
    public void Read_WhenWritten_IsWhatTheExpressionReads() => Check(Text, text =>
    {
        if (!CiConfigText.Read(Encoding.UTF8.GetBytes(text)).IsValid)
        {
            return;
        }

        var settings = Take(text).Settings;
        var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            if (Setting().Match(line.TrimStart('\ufeff')) is { Success: true } match)
            {
                expected[match.Groups[1].Value] = match.Groups[2].Value;
            }
        }

        settings.Keys.Order(StringComparer.Ordinal).ShouldBe(expected.Keys);
        foreach (var (key, value) in expected)
        {
            settings.Verbatim(key).ShouldBe(value);
        }
    });

    [Fact]
    public void Text_WhenUnchanged_IsTheSameBytes() => Check(Text, text =>
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var read = CiConfigText.Read(bytes).GetRequired();
        read.Bytes.ToArray().ShouldBe(bytes);
        foreach (var key in read.Settings.Keys)
        {
            if (read.With(key, read.Settings.Verbatim(key)!) is { IsValid: true } same)
            {
                same.Value.Bytes.ToArray().ShouldBe(bytes);
            }
        }
    });

    [Fact]
    public void With_WhenAccepted_GivesTheValueBackAndKeepsAllElse() => Check(Change, change =>
    {
        var before = Take(change.Text);
        var result = before.With(change.Key, change.Value);
        if (!result.IsValid)
        {
            result.Error.Code.ShouldBe(FormatErrorCode.InvalidValue);
            return;
        }

        var after = result.Value;
        after.Settings.Verbatim(change.Key).ShouldBe(change.Value);
        Take(after.ToString()).Settings.Verbatim(change.Key).ShouldBe(change.Value);
        after.Settings.Keys.Except(before.Settings.Keys).ShouldBeSubsetOf([change.Key]);
        foreach (var other in before.Settings.Keys.Where(key => key != change.Key))
        {
            after.Settings.Verbatim(other).ShouldBe(before.Settings.Verbatim(other));
        }

        var (old, now) = (change.Text.Split('\n'), after.ToString().Split('\n'));
        if (before.Settings.Verbatim(change.Key) is null)
        {
            after.ToString().ShouldStartWith(change.Text, Case.Sensitive);
            after.Without(change.Key).ToString().TrimEnd('\r', '\n').ShouldBe(change.Text.TrimEnd('\r', '\n'));
        }
        else
        {
            now.Length.ShouldBe(old.Length);
            old.Zip(now).Count(pair => pair.First != pair.Second).ShouldBeLessThanOrEqualTo(1);
        }
    });

    [Fact]
    public void Without_WhenGiven_KeepsAllElse() => Check(Change, change =>
    {
        var after = Take(change.Text).Without(change.Key);
        after.Settings.Verbatim(change.Key).ShouldBeNull();
        var kept = change.Text.TrimStart('\ufeff').Split('\n')
            .Where(line => Setting().Match(line.TrimStart('\ufeff')).Groups[1].Value != change.Key);
        after.ToString().TrimStart('\ufeff').TrimEnd('\n').ShouldBe(string.Join('\n', kept).TrimStart('\ufeff').TrimEnd('\n'));
    });

    /// <summary>The expression of the templates, in the shell that they run in.</summary>
    [Fact]
    public async Task With_WhenReadByTheTemplatesExpression_IsWhatWasWritten()
    {
        const string Script = """
            setting='^\s*([a-zA-Z0-9_]+)\s*=\s*(.*)\s*$'
            while IFS=' ' read -r key file; do
              value=
              while IFS= read -r line || [[ -n $line ]]; do
                if [[ $line =~ $setting && ${BASH_REMATCH[1]} == "$key" ]]; then value=${BASH_REMATCH[2]}; fi
              done <"$file"
              printf '%s\0' "$value"
            done
            """;
        using var folder = new TempFolder();
        var expected = new List<string>();
        var input = new StringBuilder();

        // bash has no byte order mark and no NUL.
        foreach (var change in Gen.Sample(Change, 400, new Rnd(11), 12).Where(change => change.Text.AsSpan().IndexOfAny('\ufeff', '\0') < 0))
        {
            if (Take(change.Text).With(change.Key, change.Value) is { IsValid: true, Value: var after })
            {
                var path = folder[$"{expected.Count}"];
                await File.WriteAllBytesAsync(path, after.Bytes, Cancel);
                input.Append(change.Key).Append(' ').Append(path).Append('\n');
                expected.Add(change.Value);
            }
        }

        expected.Count.ShouldBeGreaterThan(150);
        var read = (await Tool.RunAsync("bash", ["-c", Script], null, input.ToString())).Succeeded().Split('\0')[..^1];

        // To bash the carriage return of a Windows line belongs to the value.
        read.Select(value => value.TrimEnd('\r')).ShouldBe(expected);
    }

    [GeneratedRegex(@"^[ \t\r\v\f]*([A-Za-z0-9_]+)[ \t\r\v\f]*=[ \t\r\v\f]*([^\0]*?)[ \t\r\v\f]*$(?!\n)", RegexOptions.CultureInvariant)]
    private static partial Regex Setting();

    private static CiConfigText Take(string text) => CiConfigText.Read(Encoding.UTF8.GetBytes(text)).GetRequired();

    private static CiConfigText With(CiConfigText text, string key, string value) => text.With(key, value).GetRequired();

    private static void Check<T>(Gen<T> gen, Action<T> property) =>
        Prop.ForAll(gen.ToArbitrary(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(400).WithQuietOnSuccess(true));
}
