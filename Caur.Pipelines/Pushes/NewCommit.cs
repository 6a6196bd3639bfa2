using System.Globalization;
using System.Text;
using Caur.Pipelines.Changes;

namespace Caur.Pipelines.Pushes;

/// <summary>A commit to be made.</summary>
internal sealed record NewCommit
{
    /// <summary>The commit that it follows; null for the first of a history.</summary>
    public required string? Parent { get; init; }

    /// <summary>The commit from whose files it starts; null for its parent's.</summary>
    public string? Files { get; init; }

    public required GitIdentity Identity { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required string Message { get; init; }

    /// <summary>What becomes of files, by their paths from the root; null removes one. The others stay.</summary>
    public required IReadOnlyList<KeyValuePair<string, FolderFile?>> Changes { get; init; }

    /// <summary>As git-fast-import(1) reads it.</summary>
    internal byte[] Stream(string name)
    {
        using var stream = new MemoryStream();
        var who = string.Create(CultureInfo.InvariantCulture, $"{Identity.Name} <{Identity.Email}> {Time.ToUnixTimeSeconds()} +0000");
        Line(stream, $"commit {name}");
        Line(stream, $"author {who}");
        Line(stream, $"committer {who}");
        Data(stream, Encoding.UTF8.GetBytes(Message.EndsWith('\n') ? Message : $"{Message}\n"));
        if (Parent is not null)
        {
            Line(stream, $"from {Parent}");
        }

        if (Files is not null)
        {
            Line(stream, $"M 040000 {Files} \"\"");
        }

        // What goes makes room for what comes: a folder can take the place of a file.
        foreach (var (path, _) in Changes.Where(change => change.Value is null))
        {
            Line(stream, $"D {Quoted(path)}");
        }

        foreach (var (path, file) in Changes.Where(change => change.Value is not null))
        {
            if (file!.Kind == FileKind.Submodule)
            {
                Line(stream, $"M 160000 {Encoding.ASCII.GetString(file.Content.Span)} {Quoted(path)}");
                continue;
            }

            Line(stream, $"M {file.Mode} inline {Quoted(path)}");
            Data(stream, file.Content.Span);
        }

        return stream.ToArray();
    }

    private static void Line(MemoryStream stream, string text)
    {
        stream.Write(Encoding.UTF8.GetBytes(text));
        stream.WriteByte((byte)'\n');
    }

    private static void Data(MemoryStream stream, ReadOnlySpan<byte> bytes)
    {
        Line(stream, string.Create(CultureInfo.InvariantCulture, $"data {bytes.Length}"));
        stream.Write(bytes);
        stream.WriteByte((byte)'\n');
    }

    private static string Quoted(string path)
    {
        var text = new StringBuilder("\"");
        foreach (var c in Encoding.UTF8.GetBytes(path))
        {
            _ = c is (byte)'"' or (byte)'\\' or < 0x20 or >= 0x7F
                ? text.Append('\\').Append(Convert.ToString(c, 8).PadLeft(3, '0'))
                : text.Append((char)c);
        }

        return text.Append('"').ToString();
    }
}
