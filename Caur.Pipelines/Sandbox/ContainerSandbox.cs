using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Upstream;
using Caur.Storage.Processes;

namespace Caur.Pipelines.Sandbox;

/// <summary>
/// Runs jobs with the command of a container engine. Files go in and come out as tar archives through the command's own input and output: no
/// folder of this machine is mounted, so that it works with an engine elsewhere too, and no script sees one.
/// </summary>
internal sealed class ContainerSandbox(ProcessRunner processes, SandboxOptions options) : ISandbox
{
    /// <summary>Unpacks its input, runs the script beside it, and packs what is there then. The script's output is limited on the way.</summary>
    private const string Driver =
        """
        set -u
        tar=$(type -P bsdtar || type -P tar) || { echo 'the image has neither bsdtar nor tar' >&2; exit 97; }
        base=$(mktemp -d) && mkdir -p "$base/out" "$base/home" "$base/work/$CAUR_FOLDER" && cd "$base/work/$CAUR_FOLDER" && "$tar" -xf - || exit 98
        export HOME=$base/home
        (ulimit -f 131072; exec bash -c "$CAUR_SCRIPT") </dev/null >"$base/stdout" 2>"$base/stderr"
        printf %s "$?" >"$base/out/code"
        head -c 4194304 "$base/stdout" >"$base/out/stdout"
        tail -c 65536 "$base/stderr" >"$base/out/stderr"
        mv "$base/work/$CAUR_FOLDER" "$base/out/files" && cd "$base/out" && exec "$tar" -cf - code stdout stderr files
        """;

    private const string FilesFolder = "files/";

    private static readonly TimeSpan RemovalTimeout = TimeSpan.FromMinutes(1);

    public async Task<Answer<SandboxResult>> RunAsync(SandboxJob job, CancellationToken cancellationToken)
    {
        var name = $"caur-sandbox-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        var ended = false;
        try
        {
            var result = await EngineAsync(Arguments(name, job), Pack(job.Files), job.Timeout, cancellationToken);
            ended = !result.TimedOut;
            return result.TimedOut ? Refused(job, $"it took longer than {job.Timeout.TotalMinutes.ToString("0.#", CultureInfo.InvariantCulture)} minutes")
                : result.OutputCut ? Refused(job, "it wrote too much")
                : result.ExitCode != 0 ? Refused(job, Shown.Short(result.Error.Trim() is { Length: > 0 } error ? error : $"the container ended with exit code {result.ExitCode}"))
                : Unpack(job, result.Output);
        }
        catch (ProgramNotFoundException missing)
        {
            ended = true;
            return Refused(job, $"{missing.FileName} is not installed");
        }
        finally
        {
            // The engine's command is gone then, and its container is not.
            if (!ended)
            {
                await EngineAsync(["rm", "--force", name], default, RemovalTimeout, CancellationToken.None);
            }
        }
    }

    private static Answer<SandboxResult> Refused(SandboxJob job, string why) => Answer<SandboxResult>.Refused($"{job.What} did not run to its end: {why}");

    private List<string> Arguments(string name, SandboxJob job)
    {
        List<string> arguments =
        [
            "run", "--rm", "--interactive", $"--name={name}", "--label=caur.sandbox=1", $"--network={options.Network}", "--cap-drop=ALL",
            "--security-opt=no-new-privileges", $"--user={options.User}", "--workdir=/tmp",
            string.Create(CultureInfo.InvariantCulture, $"--memory={options.Memory}"),
            string.Create(CultureInfo.InvariantCulture, $"--memory-swap={options.Memory}"),
            string.Create(CultureInfo.InvariantCulture, $"--pids-limit={options.Processes}"),
            string.Create(CultureInfo.InvariantCulture, $"--cpus={options.Cpus}"),
        ];
        foreach (var (key, value) in options.Labels)
        {
            arguments.Add($"--label={key}={value}");
        }

        foreach (var (key, value) in job.Environment)
        {
            arguments.Add($"--env={key}={value}");
        }

        return [.. arguments, $"--env=CAUR_FOLDER={job.PkgBase}", $"--env=CAUR_SCRIPT={job.Script}", "--entrypoint=bash", options.Image, "-c", Driver];
    }

    private Task<ProcessResult> EngineAsync(
        IReadOnlyList<string> arguments, ReadOnlyMemory<byte> input, TimeSpan timeout, CancellationToken cancellationToken) =>
        processes.RunAsync(
            new ProcessRequest
            {
                FileName = options.Command,
                Arguments = [.. options.GlobalArguments, .. arguments],
                Environment = options.Environment,
                Input = input,
                MaxOutput = options.MaxBytes,
                Timeout = timeout,
            },
            cancellationToken);

    private static byte[] Pack(FileTree files)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (path, file) in files.Files)
            {
                if (file.Kind == TreeFileKind.Link)
                {
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, path) { LinkName = Encoding.UTF8.GetString(file.Bytes.Span) });
                }
                else
                {
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, path)
                    {
                        Mode = file.Kind == TreeFileKind.Executable ? (UnixFileMode)0b111_101_101 : (UnixFileMode)0b110_100_100,
                        DataStream = new MemoryStream(file.Bytes.ToArray()),
                    });
                }
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Reads what a container gave back, which can be anything.</summary>
    private Answer<SandboxResult> Unpack(SandboxJob job, ReadOnlyMemory<byte> archive)
    {
        var files = new List<KeyValuePair<string, TreeFile>>();
        var (code, output, said) = ((int?)null, "", "");
        try
        {
            using var tar = new TarReader(new MemoryStream(archive.ToArray()));
            var total = 0L;
            while (tar.GetNextEntry() is { } entry)
            {
                var name = entry.Name.TrimEnd('/');
                if (entry.EntryType == TarEntryType.Directory)
                {
                    continue;
                }

                if (Read(entry) is not { } file)
                {
                    return Refused(job, $"it left something that is neither a file nor a link: {Shown.Short(name, 80)}");
                }

                total += file.Bytes.Length;
                switch (name)
                {
                    case "code":
                        code = int.TryParse(Encoding.ASCII.GetString(file.Bytes.Span), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
                        break;
                    case "stdout":
                        output = Encoding.UTF8.GetString(file.Bytes.Span);
                        break;
                    case "stderr":
                        said = Encoding.UTF8.GetString(file.Bytes.Span);
                        break;
                    default:
                        var path = name.StartsWith(FilesFolder, StringComparison.Ordinal) ? name[FilesFolder.Length..] : "";
                        if (Fault(path, file, files.Count, total) is { } fault)
                        {
                            return Refused(job, fault);
                        }

                        files.Add(new(path, file));
                        break;
                }
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException or FormatException or OverflowException or ArgumentException)
        {
            return Refused(job, $"what it left cannot be read: {Shown.Short(error.Message)}");
        }

        return code is { } exit
            ? Answer<SandboxResult>.Of(new SandboxResult(exit, output, said, FileTree.Of(files)))
            : Refused(job, "it did not say how it ended");
    }

    private string? Fault(string path, TreeFile file, int count, long total) =>
        count >= options.Limits.MaxFiles ? "it left too many files"
        : file.Bytes.Length > options.Limits.MaxFileBytes || total > options.Limits.MaxBytes ? $"it left too much: {Shown.Short(path, 80)}"
        : FileTree.Fault(path, file);

    private static TreeFile? Read(TarEntry entry)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.SymbolicLink:
                return new TreeFile(TreeFileKind.Link, Encoding.UTF8.GetBytes(entry.LinkName));
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                using (var bytes = new MemoryStream())
                {
                    entry.DataStream?.CopyTo(bytes);
                    return new TreeFile((entry.Mode & UnixFileMode.UserExecute) != 0 ? TreeFileKind.Executable : TreeFileKind.Plain, bytes.ToArray());
                }

            default:
                return null;
        }
    }
}
