using System.Collections.Concurrent;
using Caur.Storage.Files;
using Caur.Storage.Processes;

namespace Caur.Storage.Signing;

/// <summary>Signs with the real gpg, whose home holds the farm's one secret key.</summary>
/// <remarks>Whatever keeps it from signing is a <see cref="GpgException"/> that says what to do. gpg starts its agent by itself;
/// <see cref="StopAgentAsync"/> ends it.</remarks>
public sealed class GpgSigner(GpgOptions options, ProcessRunner processes)
{
    private const UnixFileMode Others = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Where each key is kept, by its fingerprint: the same for ever.</summary>
    private readonly ConcurrentDictionary<string, string> _keygrips = new(StringComparer.Ordinal);

    private GpgKey? _key;
    private string? _agentSocket;

    /// <summary>True when an operator named the key, rather than that it is the only one there.</summary>
    public bool IsKeyChosen => options.Fingerprint is not null;

    /// <summary>The key that signs. It is looked up once, and again after a failure.</summary>
    /// <exception cref="GpgException">There is no key that can be used.</exception>
    public async Task<GpgKey> GetKeyAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _key) is { } known)
        {
            return known;
        }

        return await LookUpKeyAsync(cancellationToken);
    }

    /// <summary>The key that signs, as it is now: prolonged, ended or gone since it was looked up.</summary>
    /// <exception cref="GpgException">There is no key that can be used.</exception>
    public async Task<GpgKey> LookUpKeyAsync(CancellationToken cancellationToken)
    {
        var key = Choose(await ListAsync(cancellationToken));
        Volatile.Write(ref _key, key);
        return key;
    }

    /// <summary>The key that signs; makes one (ed25519, sign only, no passphrase, no end) when the home has none at all.</summary>
    /// <param name="userId">Who the farm is, as <c>Name &lt;mail&gt;</c>.</param>
    /// <param name="cancellationToken">Ends gpg.</param>
    /// <exception cref="GpgException">A key is there and cannot be used, or none can be made.</exception>
    public async Task<GpgKey> EnsureKeyAsync(string userId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(userId);
        if (options.Fingerprint is null && (await ListAsync(cancellationToken)).Count == 0)
        {
            var made = await GpgAsync(
                ["--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", userId, "ed25519", "sign", "never"],
                cancellationToken);
            if (!made.Succeeded)
            {
                throw Diagnose(made);
            }
        }

        return await GetKeyAsync(cancellationToken);
    }

    /// <summary>Writes the binary signature of a file to <c>path.sig</c>, atomically; an older one is replaced.</summary>
    /// <returns>The signature's bytes.</returns>
    /// <exception cref="GpgException">Nothing was written.</exception>
    /// <exception cref="IOException">The file cannot be read, or the signature not be written.</exception>
    public async Task<byte[]> SignDetachedAsync(string path, CancellationToken cancellationToken)
    {
        var signature = await SignAsync(path, cancellationToken);
        await AtomicFile.WriteAsync(path + ".sig", signature, cancellationToken);
        return signature;
    }

    /// <summary>The binary signature of a file.</summary>
    /// <exception cref="GpgException">It cannot be signed.</exception>
    public async Task<byte[]> SignAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException("there is no file to sign", path);
        }

        CheckHome();
        var key = await GetKeyAsync(cancellationToken);
        var result = await GpgAsync(
            ["--pinentry-mode", "error", "--local-user", key.Fingerprint, "--no-armor", "--detach-sign", "--output", "-", "--", path],
            cancellationToken);
        if (!result.Succeeded || result.Output.IsEmpty)
        {
            Volatile.Write(ref _key, null);
            throw await DiagnoseAsync(result, key, cancellationToken);
        }

        return result.Output.ToArray();
    }

    /// <summary>Signs many files, several at a time, all with gpg's first signature as their form.</summary>
    /// <exception cref="GpgException">At least one was not signed; others may be.</exception>
    public async Task SignDetachedAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        using var batch = BeginBatch();
        await Parallel.ForEachAsync(
            paths,
            new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellationToken },
            async (path, token) => await AtomicFile.WriteAsync(path + ".sig", await batch.SignAsync(path, token), token));
    }

    /// <summary>For files that are signed one after another or at the same time, as parts of one thing: the key is looked at once, now.</summary>
    public SigningBatch BeginBatch() => new(this, options, processes.Time);

    /// <summary>Whether a signature file fits a file and was made by the signing key.</summary>
    /// <param name="path">The file.</param>
    /// <param name="signaturePath">The signature.</param>
    /// <param name="cancellationToken">Ends gpg.</param>
    /// <exception cref="GpgException">gpg cannot run, or there is no signing key.</exception>
    public async Task<GpgVerification> VerifyAsync(string path, string signaturePath, CancellationToken cancellationToken)
    {
        if (!File.Exists(path) || !File.Exists(signaturePath))
        {
            return new GpgVerification(false, null, $"{Path.GetFileName(File.Exists(path) ? signaturePath : path)} is missing");
        }

        var key = await GetKeyAsync(cancellationToken);
        var result = await GpgAsync(["--status-fd", "1", "--verify", "--", signaturePath, path], cancellationToken);
        var verification = GpgVerification.Parse(result.OutputText, result.Error);
        return verification.IsGood && verification.Fingerprint != key.Fingerprint
            ? new GpgVerification(false, null, $"it was made by {verification.Fingerprint}, not by {key.Fingerprint}")
            : verification;
    }

    /// <summary>The signing key's public part as text, for people and for <c>pacman-key --add</c>.</summary>
    /// <exception cref="GpgException">There is no key that can be used.</exception>
    public async Task<string> ExportArmoredAsync(CancellationToken cancellationToken) =>
        (await ExportAsync("--armor", cancellationToken)).OutputText;

    /// <summary>The signing key's public part in binary, as a keyring package has it.</summary>
    /// <exception cref="GpgException">There is no key that can be used.</exception>
    public async Task<byte[]> ExportBinaryAsync(CancellationToken cancellationToken) =>
        (await ExportAsync("--no-armor", cancellationToken)).Output.ToArray();

    /// <summary>The name under which gpg-agent knows a key or subkey of the home; null when it is not there.</summary>
    internal async Task<string?> FindKeygripAsync(string fingerprint, CancellationToken cancellationToken)
    {
        if (!_keygrips.ContainsKey(fingerprint))
        {
            await ListAsync(cancellationToken);
        }

        return _keygrips.GetValueOrDefault(fingerprint);
    }

    /// <summary>Where the agent of the home listens; null when gpg does not tell.</summary>
    internal async Task<string?> FindAgentSocketAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _agentSocket) is { } known)
        {
            return known;
        }

        try
        {
            var told = await processes.RunAsync(
                new ProcessRequest { FileName = "gpgconf", Arguments = ["--homedir", options.Home, "--list-dirs", "agent-socket"], Timeout = options.Timeout },
                cancellationToken);
            // Percent-escaped, as every value of gpgconf's.
            var path = told.Succeeded ? Uri.UnescapeDataString(told.OutputText.Trim()) : "";
            Volatile.Write(ref _agentSocket, path.Length > 0 ? path : null);
            return path.Length > 0 ? path : null;
        }
        catch (ProgramNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The answer to an agent that does not end what it is asked for.</summary>
    internal GpgException HangsException() => new(
        GpgProblem.Hangs,
        $"gpg-agent did not answer within {options.Timeout}: is {options.Home} on a file system that hangs?");

    /// <summary>Ends the agent that gpg started for this home, if one runs.</summary>
    public async Task StopAgentAsync(CancellationToken cancellationToken) => await processes.RunAsync(
        new ProcessRequest { FileName = "gpgconf", Arguments = ["--homedir", options.Home, "--kill", "all"], Timeout = options.Timeout }, cancellationToken);

    private async Task<ProcessResult> ExportAsync(string form, CancellationToken cancellationToken)
    {
        var key = await GetKeyAsync(cancellationToken);
        var result = await GpgAsync([form, "--export", key.Fingerprint], cancellationToken);
        return result.Succeeded ? result : throw Diagnose(result);
    }

    private async Task<IReadOnlyList<GpgKey>> ListAsync(CancellationToken cancellationToken)
    {
        CheckHome();
        var result = await GpgAsync(["--with-colons", "--fixed-list-mode", "--list-secret-keys"], cancellationToken);
        if (!result.Succeeded)
        {
            throw Diagnose(result);
        }

        foreach (var (fingerprint, keygrip) in GpgKey.ParseKeygrips(result.OutputText))
        {
            _keygrips[fingerprint] = keygrip;
        }

        return GpgKey.Parse(result.OutputText);
    }

    private void CheckHome()
    {
        if (!Directory.Exists(options.Home))
        {
            throw new GpgException(GpgProblem.NoHome, $"{options.Home} does not exist: create it (mode 0700), or set GPG_PATH to gpg's home");
        }

        if ((File.GetUnixFileMode(options.Home) & Others) != 0)
        {
            throw new GpgException(
                GpgProblem.HomeNotPrivate, $"others can look into {options.Home}, where the signing key is: chmod 700 {options.Home}");
        }
    }

    private GpgKey Choose(IReadOnlyList<GpgKey> keys)
    {
        if (options.Fingerprint is { } wanted)
        {
            var plain = wanted.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
            return Usable(keys.FirstOrDefault(key => key.Fingerprint == plain)
                ?? throw new GpgException(GpgProblem.NoKey, $"{options.Home} has no secret key {plain}: import it, or set CAUR_SIGNING_KEY to one of {Names(keys)}"));
        }

        var usable = keys.Where(key => key.Problem is null).ToList();
        return (usable.Count, keys.Count) switch
        {
            (1, _) => usable[0],
            (0, 0) => throw new GpgException(GpgProblem.NoKey, $"{options.Home} has no secret key: import one, or let the farm make one"),
            // A key that is over says more than none.
            (0, _) => Usable(keys[0]),
            _ => throw new GpgException(
                GpgProblem.SeveralKeys, $"{options.Home} has several secret keys: set CAUR_SIGNING_KEY to one of {Names(usable)}"),
        };
    }

    private static string Names(IReadOnlyList<GpgKey> keys) =>
        keys.Count == 0 ? "none" : string.Join(", ", keys.Select(key => $"{key.Fingerprint} ({key.UserId})"));

    private static GpgKey Usable(GpgKey key) => key.Problem switch
    {
        null => key,
        GpgProblem.KeyExpired => throw new GpgException(
            GpgProblem.KeyExpired,
            $"the key {key.Fingerprint} ended on {key.Expires:yyyy-MM-dd}: prolong it (gpg --quick-set-expire {key.Fingerprint} 1y) and give clients its new public part"),
        GpgProblem.KeyRevoked => throw new GpgException(
            GpgProblem.KeyRevoked, $"the key {key.Fingerprint} was revoked: import another one and set CAUR_SIGNING_KEY to it"),
        var problem => throw new GpgException(
            problem.Value,
            $"the key {key.Fingerprint} cannot sign, it was not made for it or was disabled: import another one and set CAUR_SIGNING_KEY to it"),
    };

    private async Task<GpgException> DiagnoseAsync(ProcessResult result, GpgKey used, CancellationToken cancellationToken)
    {
        try
        {
            // The key may have ended, gone or been revoked since it was looked up: that says more than gpg's words.
            _ = await GetKeyAsync(cancellationToken);
            Volatile.Write(ref _key, null);
        }
        catch (GpgException better)
        {
            return better.Problem == GpgProblem.NoKey ? GoneException(used.Fingerprint, better) : better;
        }

        return Diagnose(result, used);
    }

    private GpgException Diagnose(ProcessResult result, GpgKey? used = null)
    {
        var words = result.Error.Trim();
        var key = used is null ? "the key" : $"the key {used.Fingerprint}";
        bool Says(string text) => words.Contains(text, StringComparison.OrdinalIgnoreCase);

        return result switch
        {
            { TimedOut: true } => new GpgException(
                GpgProblem.Hangs,
                $"gpg did not end within {options.Timeout} and was killed: is {options.Home} on a file system that hangs, or does its agent?"),
            _ when Says("No space left") || Says("Disk quota") => new GpgException(
                GpgProblem.HomeNotWritable, $"the disk of {options.Home} is full, and gpg cannot sign without room there: make room"),
            _ when Says("Read-only file system") || Says("Permission denied") => new GpgException(
                GpgProblem.HomeNotWritable,
                $"gpg cannot read or write its home {options.Home}: it has to belong to this user, with mode 0700. gpg says: {words}"),
            _ when Says("failed to start agent") || Says("No agent running") || Says("the agent") || Says("IPC c") => new GpgException(
                GpgProblem.AgentGone,
                $"gpg-agent of {options.Home} cannot be reached: is it installed, is the path short enough for a socket (108), is the home writable? gpg says: {words}"),
            _ when Says("No pinentry") || Says("pinentry") || Says("passphrase") || Says("Inappropriate ioctl") => new GpgException(
                GpgProblem.PassphraseNeeded, $"{key} wants a passphrase: use one without, or keep it in gpg-agent. gpg says: {words}"),
            _ when Says("No secret key") && used is not null => GoneException(used.Fingerprint, null),
            _ => new GpgException(GpgProblem.Other, $"gpg failed with {key} ({result.ExitCode}): {words}"),
        };
    }

    /// <summary>The answer to a key that was there.</summary>
    internal GpgException GoneException(string fingerprint, GpgException? inner) => new(
        GpgProblem.NoKey, $"the secret part of the key {fingerprint} is not in {options.Home}: import it", inner);

    private async Task<ProcessResult> GpgAsync(string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await processes.RunAsync(
                new ProcessRequest
                {
                    FileName = options.Program,
                    Arguments = ["--homedir", options.Home, "--batch", "--no-tty", "--no-auto-check-trustdb", .. arguments],
                    Timeout = options.Timeout,
                    Environment = new Dictionary<string, string?> { ["LC_ALL"] = "C", ["LANGUAGE"] = null, ["GNUPGHOME"] = null },
                },
                cancellationToken);
        }
        catch (ProgramNotFoundException missing)
        {
            throw new GpgException(GpgProblem.NoGpg, $"gpg is not installed ({missing.Message}): install gnupg", missing);
        }
    }
}
