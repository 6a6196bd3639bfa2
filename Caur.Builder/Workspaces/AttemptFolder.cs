using System.Text;
using System.Text.Json;
using Caur.Protocol.Builders;

namespace Caur.Builder.Workspaces;

/// <summary>One attempt's folder. It is closed to other users of the host; what a container sees of it is mounted piece by piece.</summary>
internal sealed class AttemptFolder(string path)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Readable = Private | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const UnixFileMode Open = Readable | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    public string Path => path;

    /// <summary>The package folder's files.</summary>
    public string Source => System.IO.Path.Combine(path, "src");

    /// <summary>Where the container puts archives. Anybody may write here, since whom the container's builder user is on the host
    /// depends on the engine; nobody else gets through the folder above.</summary>
    public string Output => System.IO.Path.Combine(path, "out");

    /// <summary>What the container is told beside its environment.</summary>
    public string Order => System.IO.Path.Combine(path, "order");

    private string RecordFile => System.IO.Path.Combine(path, "attempt.json");

    private string PreambleFile => System.IO.Path.Combine(path, "preamble.log");

    /// <summary>Makes the folder anew, empty.</summary>
    public void Create()
    {
        Delete();
        Directory.CreateDirectory(path, Private);
        Directory.CreateDirectory(Source, Readable);
        Directory.CreateDirectory(Order, Readable);
        Directory.CreateDirectory(Output);

        // Not by CreateDirectory, which the process' umask narrows.
        File.SetUnixFileMode(path, Private);
        File.SetUnixFileMode(Source, Readable);
        File.SetUnixFileMode(Order, Readable);
        File.SetUnixFileMode(Output, Open);
    }

    /// <summary>Writes the files of <c>/caur/order</c>.</summary>
    public async Task WriteOrderAsync(BuildOrder order, CancellationToken cancellationToken)
    {
        var repositories = new StringBuilder();
        foreach (var repository in order.Repositories)
        {
            repositories.Append('[').Append(repository.Name).Append("]\nSigLevel = Required ")
                .Append(repository.DatabaseSigned ? "DatabaseRequired\n" : "DatabaseOptional\n");
            foreach (var server in repository.Servers)
            {
                repositories.Append("Server = ").Append(server).Append('\n');
            }

            repositories.Append('\n');
        }

        await WriteAsync("repositories.conf", repositories.ToString());
        await WriteAsync("keyrings", string.Concat(order.Keyrings.Select(url => url + "\n")));
        await WriteAsync("published", string.Concat(order.Published.Select(name => name + "\n")));
        Directory.CreateDirectory(System.IO.Path.Combine(Order, "keys"));
        for (var i = 0; i < order.TrustedKeys.Count; i++)
        {
            await WriteAsync($"keys/{i + 1}.asc", order.TrustedKeys[i]);
        }

        Task WriteAsync(string name, string text) => File.WriteAllTextAsync(System.IO.Path.Combine(Order, name), text, cancellationToken);
    }

    /// <summary>Keeps what a later process needs to take over; written before there is a container to take over.</summary>
    public async Task SaveAsync(AttemptRecord record, ReadOnlyMemory<byte> preamble, CancellationToken cancellationToken)
    {
        await File.WriteAllBytesAsync(PreambleFile, preamble, cancellationToken);
        var temporary = RecordFile + ".new";
        await File.WriteAllBytesAsync(temporary, JsonSerializer.SerializeToUtf8Bytes(record, WorkspaceJsonContext.Default.AttemptRecord), cancellationToken);
        File.Move(temporary, RecordFile, overwrite: true);
    }

    /// <summary>Reads what <see cref="SaveAsync"/> kept; null when there is nothing that this version understands.</summary>
    public async Task<(AttemptRecord Record, byte[] Preamble)?> LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var record = JsonSerializer.Deserialize(
                await File.ReadAllBytesAsync(RecordFile, cancellationToken), WorkspaceJsonContext.Default.AttemptRecord);
            return record is { Version: AttemptRecord.CurrentVersion }
                ? (record, await File.ReadAllBytesAsync(PreambleFile, cancellationToken))
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Removes it with everything in it, without following links; no error when it is not there.</summary>
    public void Delete()
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
