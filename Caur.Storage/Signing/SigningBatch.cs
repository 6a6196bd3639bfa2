using System.Collections.Concurrent;

namespace Caur.Storage.Signing;

/// <summary>Signatures that belong together. gpg makes the first, which tells whether the key may sign and how its signatures look. Those that
/// follow are made in the same form by gpg-agent alone, without a process for each (docs/adr/0015-signatures.md).</summary>
/// <remarks>All carry the time of the first. Before the agent is trusted with any it has made the first one over again, with the same
/// bytes. Whatever it does not sign is left to gpg, also what is wrong with it.</remarks>
public sealed class SigningBatch : IDisposable
{
    private readonly GpgSigner _signer;
    private readonly GpgOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly ConcurrentBag<AgentConnection> _idle = [];

    /// <summary>Ends what is done for all of the batch: one who goes away does not end it for the others.</summary>
    private readonly CancellationTokenSource _over = new();
    private (string Path, Task<byte[]> Signature)? _first;
    private Task<AgentKey?>? _key;

    internal SigningBatch(GpgSigner signer, GpgOptions options, TimeProvider time)
    {
        _signer = signer;
        _options = options;
        _time = time;
    }

    /// <summary>The binary signature of a file. May be called for several files at the same time.</summary>
    /// <exception cref="GpgException">It cannot be signed. When the first cannot, none is.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task<byte[]> SignAsync(string path, CancellationToken cancellationToken)
    {
        Task<byte[]> first;
        var leads = false;
        lock (_lock)
        {
            if (_first is null)
            {
                leads = true;
                _first = (path, _signer.SignAsync(path, _over.Token));
            }

            first = _first.Value.Signature;
        }

        var signature = await first.WaitAsync(cancellationToken);
        if (leads)
        {
            return signature;
        }

        Task<AgentKey?> asked;
        lock (_lock)
        {
            asked = _key ??= FindKeyAsync(_first.Value.Path, signature, _over.Token);
        }

        return await asked.WaitAsync(cancellationToken) is { } key && await TrySignAsync(key, path, cancellationToken) is { } made
            ? made
            : await _signer.SignAsync(path, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _over.Cancel();
        _over.Dispose();
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }

    /// <summary>How the agent makes signatures like the first; null when it makes another one of the first file.</summary>
    private async Task<AgentKey?> FindKeyAsync(string path, byte[] signature, CancellationToken cancellationToken)
    {
        if (SignatureForm.TryRead(signature) is not { } form
            || await _signer.FindKeygripAsync(form.Issuer, cancellationToken) is not { } keygrip
            || await _signer.FindAgentSocketAsync(cancellationToken) is not { } socket)
        {
            return null;
        }

        var key = new AgentKey(form, keygrip, socket);
        return await TrySignAsync(key, path, cancellationToken) is { } again && again.AsSpan().SequenceEqual(signature) ? key : null;
    }

    /// <summary>Has the agent sign a file; null when it does not.</summary>
    private async Task<byte[]?> TrySignAsync(AgentKey key, string path, CancellationToken cancellationToken)
    {
        var digest = await key.Form.HashAsync(path, cancellationToken);
        using var limit = new CancellationTokenSource(_options.Timeout, _time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await TryAskAsync(key, digest, ends.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw _signer.HangsException();
        }
    }

    private async Task<byte[]?> TryAskAsync(AgentKey key, byte[] digest, CancellationToken cancellationToken)
    {
        AgentConnection? connection = null;
        try
        {
            connection = _idle.TryTake(out var idle) ? idle : await AgentConnection.OpenAsync(key.Socket, key.Keygrip, cancellationToken);
            var answer = await connection.SignAsync(key.Form.DigestNumber, digest, cancellationToken);
            _idle.Add(connection);
            connection = null;
            return AgentSignature.TryRead(answer, key.Form.KeyAlgorithm) is { } numbers ? key.Form.Compose(digest, numbers) : null;
        }
        catch (AgentException)
        {
            // It ended, or does not want to. gpg starts another one, or says why not.
            return null;
        }
        finally
        {
            connection?.Dispose();
        }
    }

    /// <summary>A key at the agent.</summary>
    /// <param name="Form">How its signatures look.</param>
    /// <param name="Keygrip">Its name there.</param>
    /// <param name="Socket">Where the agent listens.</param>
    private sealed record AgentKey(SignatureForm Form, string Keygrip, string Socket);
}
